import * as NodeServices from "@effect/platform-node/NodeServices"
import { Array, Effect, Layer, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { AgentId, ConsumerId } from "#domain/Ids.ts"
import { version } from "../Version.ts"
import { audit } from "./AuditCommands.ts"
import { erase, erasures } from "./ErasureCommands.ts"
import {
  agents,
  chats,
  clients,
  configured,
  contacts,
  conversations,
  dashboard,
  evidence,
  json,
  keys,
  listen
} from "./GatewayCommands.ts"
import { runMain } from "./Main.ts"
import { replay } from "./ReplayCommands.ts"
import { routes, targets } from "./RouteCommands.ts"
import { archive, store } from "./StoreCommands.ts"
import * as Usage from "./Usage.ts"
import { deliveries, endpoints } from "./WebhookCommands.ts"

/** Each command loads what it needs when it runs: `--help` and `config` stay quick. */

const start = Command.make("start", {}, () =>
  Effect.gen(function* () {
    const { main } = yield* Effect.promise(() => import("./Start.ts"))
    yield* main
  })
).pipe(Command.withDescription("Run gateway and agent on this machine, or the gateway alone: see ROLE"))

const demo = Command.make(
  "demo",
  {
    once: Flag.Boolean("once").pipe(
      Flag.withDescription("End after the first message instead of staying up"),
      Flag.withDefault(false)
    ),
    ack: Flag.Literals("ack", ["normal", "never", "late", "error"]).pipe(
      Flag.withDescription("How the simulated WhatsApp acknowledges: see what an honest answer looks like"),
      Flag.withDefault("normal")
    ),
    meta: Flag.Boolean("meta").pipe(
      Flag.withDescription(
        "Be the address of an app of Meta's too: a signed webhook, what is kept of it, what is told of it"
      ),
      Flag.withDefault(false)
    ),
    json
  },
  (options) =>
    Effect.gen(function* () {
      const { load } = yield* Effect.promise(() => import("../Config.ts"))
      const { tellMisspelt } = yield* Effect.promise(() => import("./Settings.ts"))
      const { run } = yield* Effect.promise(() => import("./Demo.ts"))
      const { config, described } = yield* Effect.tap(load, tellMisspelt)
      const told = described.some(({ source, variable }) => variable === "LOG_LEVEL" && source !== "default")
      yield* run(told ? config : { ...config, log: { level: "warn" } }, options)
    })
).pipe(Command.withDescription("Send one confirmed message through a simulated WhatsApp, and watch"))

const meta = Command.make(
  "meta",
  {
    target: Flag.String("target").pipe(
      Flag.withDescription("The gateway, http://localhost:4010 say"),
      Flag.withDefault("http://localhost:4010")
    ),
    app: Flag.String("app").pipe(Flag.withDescription("An app of META_APPS, by its name"), Flag.optional),
    json
  },
  (options) =>
    Effect.gen(function* () {
      const { run } = yield* Effect.promise(() => import("./MetaCommand.ts"))
      yield* run({ ...options, app: Option.getOrUndefined(options.app) })
    })
).pipe(Command.withDescription("Post to a gateway what Meta would, signed with META_APP_SECRET, and print the answers"))

const simulator = Command.make(
  "simulator",
  {
    host: Flag.String("host").pipe(Flag.withDescription("Address to listen on"), Flag.withDefault("127.0.0.1")),
    port: Flag.Int("port").pipe(Flag.withDescription("Port; 0 for any free one"), Flag.withDefault(8765)),
    record: Flag.String("record").pipe(
      Flag.withDescription("File in which all that it sees is kept, as JSON lines"),
      Flag.optional
    ),
    contacts: Flag.String("contacts").pipe(
      Flag.withDescription("Numbers on WhatsApp from the start, comma-separated"),
      Flag.withDefault("")
    ),
    absent: Flag.String("absent").pipe(
      Flag.withDescription("Numbers that are not on WhatsApp, comma-separated"),
      Flag.withDefault("")
    ),
    knownOnly: Flag.Boolean("known-contacts-only").pipe(
      Flag.withDescription("Without it any number that is asked for is on WhatsApp"),
      Flag.withDefault(false)
    ),
    json
  },
  (options) =>
    Effect.gen(function* () {
      const { run } = yield* Effect.promise(() => import("./SimulatorCommand.ts"))
      yield* run({ ...options, record: Option.getOrUndefined(options.record) })
    })
).pipe(
  Command.withDescription("Run a local WhatsApp Web server for tests: an unmodified Baileys pairs and sends"),
  Command.withSubcommands([meta])
)

const printed = (name: string, what: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(what), Flag.withDefault(false))

const config = Command.make(
  "config",
  {
    json,
    example: printed("example", "Print everything that can be set, as a file .env to begin with"),
    markdown: printed("markdown", "Print everything that can be set, as a table in Markdown")
  },
  (options) =>
    Effect.gen(function* () {
      const { print } = yield* Effect.promise(() => import("./ConfigCommand.ts"))
      yield* print(options)
    })
).pipe(Command.withDescription("Print the configuration in force, secrets hidden, and where each value comes from"))

const nkey = Command.make("nkey", {}, () =>
  Effect.gen(function* () {
    const { print } = yield* Effect.promise(() => import("./NkeyCommand.ts"))
    yield* print(yield* configured)
  })
).pipe(Command.withDescription("Print the gateway's public NATS key, for that server's configuration"))

const sealingKey = Command.make(
  "sealing-key",
  {
    kid: Argument.String("kid").pipe(
      Argument.withDescription("The key's name, such as billing-1"),
      Argument.withSchema(ConsumerId)
    )
  },
  ({ kid }) =>
    Effect.gen(function* () {
      const { print } = yield* Effect.promise(() => import("./SealingKeyCommand.ts"))
      yield* print(kid)
    })
).pipe(
  Command.withDescription(
    "Make a key for a service that may read what is personal in events: the private half into <kid>.jwk, the public one to print"
  )
)

const nats = Command.make(
  "nats",
  {
    old: Flag.Boolean("before-2.10").pipe(
      Flag.withDescription("For a server that cannot be told to sync every write"),
      Flag.withDefault(false)
    ),
    consumers: Flag.String("consumer").pipe(
      Flag.withDescription("The name of a service that reads events, as in EVENTS_CONSUMERS; once for each"),
      Flag.withSchema(ConsumerId),
      Flag.atLeast(0)
    ),
    agents: Argument.String("agent").pipe(
      Argument.withDescription("The AGENT_ID of each agent"),
      Argument.withSchema(AgentId),
      Argument.atLeast(1)
    )
  },
  ({ agents, consumers, old }) =>
    Effect.gen(function* () {
      const { print } = yield* Effect.promise(() => import("./NatsCommand.ts"))
      if (Array.isReadonlyArrayNonEmpty(agents)) yield* print(agents, { consumers, syncAlways: !old })
    })
).pipe(
  Command.withDescription(
    "Print a NATS server's configuration: an account for the gateway, one for each agent, and one for each service that reads events"
  )
)

const agentCommand = Effect.promise(() => import("./AgentCommand.ts"))

const agentKeys = Command.make(
  "keys",
  {
    renew: Flag.Boolean("new").pipe(
      Flag.withDescription("Make new keys beside the old ones, which stay until they are enrolled"),
      Flag.withDefault(false)
    )
  },
  (options) =>
    Effect.gen(function* () {
      yield* (yield* agentCommand).printKeys(yield* configured, options)
    })
).pipe(Command.withDescription("Print this agent's public keys as a line of JSON, to enrol it at the gateway"))

const agentTrust = Command.make(
  "trust",
  { answer: Argument.String("answer").pipe(Argument.withDescription("What the enrolment answered; - reads it")) },
  ({ answer }) =>
    Effect.gen(function* () {
      yield* (yield* agentCommand).trust(yield* configured, answer)
    })
).pipe(Command.withDescription("Pin the gateway that answered the enrolment: this agent obeys it alone"))

const agentStart = Command.make("start", {}, () =>
  Effect.gen(function* () {
    yield* (yield* agentCommand).run(yield* configured)
  })
).pipe(Command.withDescription("Run the agent alone, over NATS; it has to trust a gateway first"))

const agentWitness = Command.make("witness", {}, () =>
  Effect.gen(function* () {
    yield* (yield* agentCommand).printWitness(yield* configured)
  })
).pipe(
  Command.withDescription(
    "Print what this agent knows as a witness of the log: its key, the head that it cosigned last, and the other witnesses"
  ),
  Command.withSubcommands([
    Command.make(
      "accept",
      {
        insteadOf: Flag.String("instead-of").pipe(
          Flag.withDescription("Size and root of the head that is given up, as `cosigned` in the alarm has them")
        ),
        head: Argument.String("head").pipe(Argument.withDescription("File with the note to go on from; - reads it"))
      },
      ({ head, insteadOf }) =>
        Effect.gen(function* () {
          yield* (yield* agentCommand).accept(yield* configured, head, insteadOf)
        })
    ).pipe(Command.withDescription("Go on from another head, after the log was put back on purpose; both are kept")),
    Command.make(
      "forget",
      {
        name: Argument.String("name").pipe(Argument.withDescription("The other witness, as `agent witness` names it"))
      },
      ({ name }) =>
        Effect.gen(function* () {
          yield* (yield* agentCommand).forget(yield* configured, name)
        })
    ).pipe(Command.withDescription("Hear anew of another witness, which is there no more or has new keys"))
  ])
)

const agent = Command.make("agent").pipe(
  Command.withDescription("The agent as a process of its own: it holds WhatsApp and dials out to the gateway"),
  Command.withSubcommands([agentKeys, agentTrust, agentWitness, agentStart])
)

const homing = Command.make("homing").pipe(
  Command.withDescription("A self-hosted WhatsApp gateway whose answers are true and provable"),
  Command.withSubcommands([
    start,
    demo,
    listen,
    simulator,
    agent,
    agents,
    clients,
    dashboard,
    contacts,
    chats,
    conversations,
    endpoints,
    deliveries,
    targets,
    routes,
    keys,
    erase,
    erasures,
    evidence,
    nkey,
    nats,
    sealingKey,
    store,
    archive,
    audit,
    replay,
    config
  ])
)

homing.pipe(Command.run({ version }), Effect.provide(Layer.merge(NodeServices.layer, Usage.layer)), runMain)
