import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { configured, json } from "./GatewayCommands.ts"
import type { Filter } from "./ReplayCommand.ts"

/** The commands that read the log again. */

const replayCommand = Effect.promise(() => import("./ReplayCommand.ts"))

const optional = (name: string, what: string) => Flag.String(name).pipe(Flag.withDescription(what), Flag.optional)
const flag = (name: string, what: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(what), Flag.withDefault(false))

const personal = flag("personal", "Show what is personal too; needs API_KEY with the scope messages:read:all")
const from = optional("from", "From this position in the log, or time, on")
const filters = {
  from,
  to: optional("to", "Up to this position, or to the last event that was recorded by this time"),
  device: optional("device", "Only what is of this device"),
  chat: optional("chat", "Only messages with this phone number, in E.164"),
  tag: optional("tag", "Only messages with this tag: key=value")
}
const stream = optional("stream", "Only this stream: message-…, device-…, inbound-…")

type Given = { readonly [K in keyof Filter]?: Option.Option<string> }
const filterIn = ({ chat, device, from, stream, tag, to }: Given) => {
  const valueOf = (option: Option.Option<string> | undefined) => option && Option.getOrUndefined(option)
  const [begin, end] = [valueOf(from), valueOf(to)]
  const about = { chat: valueOf(chat), device: valueOf(device), tag: valueOf(tag), stream: valueOf(stream) }
  return { from: begin, to: end, ...about } satisfies Filter
}

const show = Command.make("show", { ...filters, stream, personal, json }, (given) =>
  Effect.gen(function* () {
    yield* (yield* replayCommand).show(yield* configured, filterIn(given), given)
  })
).pipe(Command.withDescription("Print what the log holds, a line for each event"))

const state = Command.make(
  "state",
  {
    at: optional("at", "A position in the log, or a time; without, its end"),
    json,
    stream: Argument.String("stream").pipe(
      Argument.withDescription("Of what: message-…, device-…; without, how many stand how"),
      Argument.optional
    )
  },
  ({ at, json, stream }) =>
    Effect.gen(function* () {
      const asked = { at: Option.getOrUndefined(at), json, stream: Option.getOrUndefined(stream) }
      yield* (yield* replayCommand).state(yield* configured, asked)
    })
).pipe(Command.withDescription("Print how something stood at a moment, by all that the log held then"))

const diff = Command.make("diff", { json }, (given) =>
  Effect.gen(function* () {
    yield* (yield* replayCommand).diff(yield* configured, given)
  })
).pipe(Command.withDescription("Make the views' rows anew, aside, and compare them with the live ones; 2: they differ"))

const rebuild = Command.make(
  "rebuild",
  { into: Flag.String("into").pipe(Flag.withDescription("A file that is not there yet")), json },
  (given) =>
    Effect.gen(function* () {
      yield* (yield* replayCommand).rebuild(yield* configured, given)
    })
).pipe(Command.withDescription("Make the views' rows anew, in a file of their own: nothing is done to the live ones"))

const exported = Command.make(
  "export",
  { ...filters, stream, personal, json, csv: flag("csv", "A table, instead of JSON lines") },
  (given) =>
    Effect.gen(function* () {
      yield* (yield* replayCommand).exportAll(yield* configured, filterIn(given), given)
    })
).pipe(Command.withDescription("Print what the log holds as JSON lines or CSV, what is personal masked"))

const follow = Command.make(
  "follow",
  { from, device: filters.device, chat: filters.chat, tag: filters.tag, stream, personal, json },
  (given) =>
    Effect.gen(function* () {
      yield* (yield* replayCommand).follow(yield* configured, filterIn(given), given)
    })
).pipe(Command.withDescription("Print what is recorded from now on, or from behind a place, until a signal ends it"))

export const replay = Command.make("replay").pipe(
  Command.withDescription("Read the log again, beside the gateway or without it; writes nothing"),
  Command.withSubcommands([show, state, diff, rebuild, exported, follow])
)
