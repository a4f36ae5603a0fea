import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { Scope } from "#domain/access/Scopes.ts"
import { DeviceId } from "#domain/Ids.ts"

/** The commands that ask a running gateway, and what they share with the others. */

export const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print JSON lines for programs"),
  Flag.withDefault(false)
)

export const configured = Effect.gen(function* () {
  const { configured } = yield* Effect.promise(() => import("./Settings.ts"))
  return yield* configured
})
const agentsCommand = Effect.promise(() => import("./AgentsCommand.ts"))

export const url = Flag.String("url").pipe(
  Flag.withDescription("The gateway's address; by default the one that this configuration starts"),
  Flag.optional
)
/** Needs a key with this scope. */
export const connected = (url: Option.Option<string>, scope?: Scope) =>
  Effect.gen(function* () {
    const commands = yield* agentsCommand
    const config = yield* configured
    const address = commands.addressOf(config, Option.getOrUndefined(url))
    return { commands, address, ask: yield* commands.connect(config, address, scope) }
  })

const agentsEnrol = Command.make(
  "enrol",
  {
    url,
    offer: Argument.String("offer").pipe(Argument.withDescription("What `homing agent keys` printed; - reads it"))
  },
  ({ offer, url }) =>
    Effect.gen(function* () {
      const { ask, commands } = yield* connected(url)
      yield* commands.enrol(ask, offer)
    })
).pipe(Command.withDescription("Enrol an agent, and print what it is to trust"))

const agentsList = Command.make("list", { url }, ({ url }) =>
  Effect.gen(function* () {
    const { ask, commands } = yield* connected(url)
    yield* commands.listAgents(ask)
  })
).pipe(Command.withDescription("Print every enrolled agent, a line of JSON each"))

const agentsRevoke = Command.make(
  "revoke",
  { url, agent: Argument.String("agent"), key: Argument.String("key") },
  ({ agent, key, url }) =>
    Effect.gen(function* () {
      const { ask, commands } = yield* connected(url)
      yield* commands.revoke(ask, agent, key)
    })
).pipe(Command.withDescription("Revoke a key of an agent: what it signs is refused from then on"))

export const agents = Command.make("agents").pipe(
  Command.withDescription("Ask a running gateway about its agents; needs API_KEY"),
  Command.withSubcommands([agentsEnrol, agentsList, agentsRevoke])
)

const clientsCommand = Effect.promise(() => import("./ClientsCommand.ts"))

const clientsList = Command.make("list", { url }, ({ url }) =>
  Effect.gen(function* () {
    const { ask } = yield* connected(url)
    yield* (yield* clientsCommand).list(ask)
  })
).pipe(Command.withDescription("Print every client, a line of JSON each: its keys, and the devices it may use"))

const clientsDevices = Command.make(
  "devices",
  {
    url,
    all: Flag.Boolean("all").pipe(
      Flag.withDescription("All devices, instead of those that are named"),
      Flag.withDefault(false)
    ),
    client: Argument.String("client").pipe(Argument.withDescription("The client's id")),
    devices: Argument.String("device").pipe(
      Argument.withDescription("The id of each device that its keys may use from now on"),
      Argument.withSchema(DeviceId),
      Argument.variadic()
    )
  },
  ({ all, client, devices, url }) =>
    Effect.gen(function* () {
      const { limit } = yield* clientsCommand
      const { ask } = yield* connected(url)
      yield* limit(ask, client, { all, devices })
    })
).pipe(Command.withDescription("Say which devices a client may use, and print the client"))

export const clients = Command.make("clients").pipe(
  Command.withDescription("Ask a running gateway about its clients; needs API_KEY"),
  Command.withSubcommands([clientsList, clientsDevices])
)

const dashboardLink = Command.make("link", { url }, ({ url }) =>
  Effect.gen(function* () {
    const { printLink } = yield* Effect.promise(() => import("./DashboardCommand.ts"))
    const { ask, address } = yield* connected(url)
    yield* printLink(ask, address)
  })
).pipe(
  Command.withDescription("Print a link that logs in to the dashboard once, within minutes, under the key in API_KEY")
)

export const dashboard = Command.make("dashboard").pipe(
  Command.withDescription("The gateway's pages for people; needs API_KEY"),
  Command.withSubcommands([dashboardLink])
)

const chatsCommand = Effect.promise(() => import("./ChatsCommand.ts"))

const device = Flag.String("device").pipe(Flag.withDescription("Only those of the device with this id"), Flag.optional)
const ofDevice = (asked: Option.Option<string>) => (Option.isSome(asked) ? { device: asked.value } : {})

export const contacts = Command.make("contacts", { url, device }, ({ device, url }) =>
  Effect.gen(function* () {
    const { ask } = yield* connected(url, "messages:read")
    yield* (yield* chatsCommand).listContacts(ask, ofDevice(device))
  })
).pipe(Command.withDescription("Print every contact of a running gateway, a line of JSON each; needs API_KEY"))

const chatsList = Command.make("list", { url, device }, ({ device, url }) =>
  Effect.gen(function* () {
    const { ask } = yield* connected(url, "messages:read")
    yield* (yield* chatsCommand).listChats(ask, ofDevice(device))
  })
).pipe(Command.withDescription("Print every chat, where something was said last first, a line of JSON each"))

const chatsMessages = Command.make("messages", { url, chat: Argument.String("chat") }, ({ chat, url }) =>
  Effect.gen(function* () {
    const { ask } = yield* connected(url, "messages:read")
    yield* (yield* chatsCommand).listMessages(ask, chat)
  })
).pipe(Command.withDescription("Print all that was said in a chat, newest first, a line of JSON each"))

export const chats = Command.make("chats").pipe(
  Command.withDescription("Ask a running gateway what was said; needs API_KEY"),
  Command.withSubcommands([chatsList, chatsMessages])
)

export const conversations = Command.make(
  "conversations",
  {
    url,
    fromHome: Flag.Boolean("from-home").pipe(
      Flag.withDescription("Ask a region, which asks its home"),
      Flag.withDefault(false)
    ),
    phone: Argument.String("phone").pipe(Argument.withDescription("Whose: a number with country code"))
  },
  ({ fromHome, phone, url }) =>
    Effect.gen(function* () {
      const { ask } = yield* connected(url, "conversations:read")
      yield* (yield* chatsCommand).conversation(ask, phone, fromHome)
    })
).pipe(
  Command.withDescription(
    "Ask the home of regions, or a region for it, what one person and the accounts said, a line of JSON each; needs API_KEY"
  )
)

const keysList = Command.make("list", { url }, ({ url }) =>
  Effect.gen(function* () {
    const { ask, commands } = yield* connected(url)
    yield* commands.listGatewayKeys(ask)
  })
).pipe(Command.withDescription("Print every key of the gateway, a line of JSON each"))

const keysRotate = Command.make("rotate", { url }, ({ url }) =>
  Effect.gen(function* () {
    const { ask, commands } = yield* connected(url)
    yield* commands.rotate(ask)
  })
).pipe(Command.withDescription("Exchange the key that signs: announce the next, wait for every agent, activate it"))

const keysRevoke = Command.make("revoke", { url, key: Argument.String("key") }, ({ key, url }) =>
  Effect.gen(function* () {
    const { ask, commands } = yield* connected(url)
    yield* commands.revokeGatewayKey(ask, key)
  })
).pipe(Command.withDescription("Revoke a key that does not sign: nothing of it is taken any more"))

export const keys = Command.make("keys").pipe(
  Command.withDescription("Ask a running gateway about the keys it signs with; needs API_KEY"),
  Command.withSubcommands([keysList, keysRotate, keysRevoke])
)

const filter = (name: string, what: string) => Flag.String(name).pipe(Flag.withDescription(what), Flag.optional)

export const listen = Command.make(
  "listen",
  {
    url,
    json,
    after: filter("after", "Begin behind this `cursor`, instead of with what comes"),
    types: filter("types", "Only events of these types, comma-separated"),
    device: filter("device", "Only events of this device"),
    chat: filter("chat", "Only events of this chat, by its id")
  },
  ({ after, chat, device, json, types, url }) =>
    Effect.gen(function* () {
      const { listen } = yield* Effect.promise(() => import("./ListenCommand.ts"))
      const [from, of, within, by, at] = [after, device, chat, types, url].map(Option.getOrUndefined)
      yield* listen(yield* configured, { json, after: from, device: of, chat: within, types: by, url: at })
    })
).pipe(Command.withDescription("Follow what happens, a line for each event, until Ctrl-C; needs API_KEY"))

const evidenceCommand = Effect.promise(() => import("./EvidenceCommand.ts"))

const evidenceExport = Command.make("export", { url, message: Argument.String("message") }, ({ message, url }) =>
  Effect.gen(function* () {
    const { ask } = yield* connected(url, "messages:read")
    yield* (yield* evidenceCommand).exportHistory(ask, message)
  })
).pipe(Command.withDescription("Print a message's events, what agents signed of them, and their keys; needs API_KEY"))

const evidenceVerify = Command.make(
  "verify",
  {
    json,
    keys: Flag.String("keys").pipe(
      Flag.withDescription(
        "File with the keys to believe, as `homing agent keys` prints them, not those in the export"
      ),
      Flag.optional
    ),
    file: Argument.String("file").pipe(Argument.withDescription("What `homing evidence export` printed; - reads it"))
  },
  ({ file, json, keys }) =>
    Effect.gen(function* () {
      yield* (yield* evidenceCommand).verify({ file, json, keys: Option.getOrUndefined(keys) })
    })
).pipe(
  Command.withDescription(
    "Check an export, offline: ends with 0 signed, 2 refuted, 3 the gateway's own word, 4 under unpinned keys"
  )
)

export const evidence = Command.make("evidence").pipe(
  Command.withDescription("What stands behind a message's status, for whoever wants to check it"),
  Command.withSubcommands([evidenceExport, evidenceVerify])
)
