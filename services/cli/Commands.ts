import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, Exit, Option, Runtime } from "effect"
import { Command, Flag } from "effect/cli"
import { version } from "../Version.ts"
import { explain } from "./Failure.ts"

/** Each command loads what it needs when it runs: `--help` and `config` stay quick. */

const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print one JSON line for programs"),
  Flag.withDefault(false)
)

const start = Command.make("start", {}, () =>
  Effect.gen(function* () {
    const { load } = yield* Effect.promise(() => import("../Config.ts"))
    const { run } = yield* Effect.promise(() => import("./Start.ts"))
    yield* run((yield* load).config)
  })
).pipe(Command.withDescription("Run gateway and agent on this machine; pairs a phone by QR code"))

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
    json
  },
  (options) =>
    Effect.gen(function* () {
      const { load } = yield* Effect.promise(() => import("../Config.ts"))
      const { run } = yield* Effect.promise(() => import("./Demo.ts"))
      const { config, described } = yield* load
      const told = described.some(({ source, variable }) => variable === "LOG_LEVEL" && source !== "default")
      yield* run(told ? config : { ...config, logLevel: "warn" }, options)
    })
).pipe(Command.withDescription("Send one confirmed message through a simulated WhatsApp, and watch"))

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
).pipe(Command.withDescription("Run a local WhatsApp Web server for tests: an unmodified Baileys pairs and sends"))

const config = Command.make("config", { json }, (options) =>
  Effect.gen(function* () {
    const { print } = yield* Effect.promise(() => import("./ConfigCommand.ts"))
    yield* print(options)
  })
).pipe(Command.withDescription("Print the configuration in force, secrets hidden, and where each value comes from"))

const homing = Command.make("homing").pipe(
  Command.withDescription("A self-hosted WhatsApp gateway whose answers are true and provable"),
  Command.withSubcommands([start, demo, simulator, config])
)

/** At once, when everything is closed: libraries leave timers behind that hold a process up for half a minute. */
const end: Runtime.Teardown = (exit) => {
  if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) process.exit(0) // a signal is how it is meant to end
  const error = Cause.squash(exit.cause)
  if (Runtime.getErrorReported(error)) {
    process.stderr.write(`homing: ${explain(exit.cause) ?? Cause.pretty(exit.cause)}\n`)
  }
  process.exit(Runtime.getErrorExitCode(error))
}

homing.pipe(Command.run({ version }), Effect.provide(NodeServices.layer), (main) =>
  NodeRuntime.runMain(main, { teardown: end, disableErrorReporting: true })
)
