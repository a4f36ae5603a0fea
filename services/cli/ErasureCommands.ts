import { Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { connected, json, url } from "./GatewayCommands.ts"

/** The commands that erase people, and say who was. */

const scope = "erasures:manage"
const eraseCommand = Effect.promise(() => import("./EraseCommand.ts"))

export const erase = Command.make(
  "erase",
  {
    url,
    json,
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDescription("Print what would be destroyed, and destroy nothing"),
      Flag.withDefault(false)
    ),
    yes: Flag.Boolean("yes").pipe(Flag.withDescription("Ask nobody to confirm it"), Flag.withDefault(false)),
    name: Argument.String("person").pipe(
      Argument.withDescription("A number with + and its country code, a contact's id, Meta's US.…, or …@lid")
    )
  },
  ({ url, ...wanted }) =>
    Effect.gen(function* () {
      const { ask } = yield* connected(url, scope)
      yield* (yield* eraseCommand).erase(ask, wanted)
    })
).pipe(Command.withDescription("Erase a person for good, under all of their names; needs API_KEY"))

const erasuresList = Command.make("list", { url, json }, ({ json, url }) =>
  Effect.gen(function* () {
    const { ask } = yield* connected(url, scope)
    yield* (yield* eraseCommand).list(ask, { json })
  })
).pipe(Command.withDescription("Print every erasure, newest first, a line each"))

export const erasures = Command.make("erasures").pipe(
  Command.withDescription("Ask a running gateway who was erased, and what is left; needs API_KEY"),
  Command.withSubcommands([erasuresList])
)
