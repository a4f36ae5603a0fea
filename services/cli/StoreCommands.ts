import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { configured, json } from "./GatewayCommands.ts"

/** The commands about what is stored, while no gateway runs, and about what was archived. */

const raiseEpoch = Command.make("raise-epoch", {}, () =>
  Effect.gen(function* () {
    const { raiseEpoch } = yield* Effect.promise(() => import("./StoreCommand.ts"))
    yield* raiseEpoch(yield* configured)
  })
).pipe(Command.withDescription("After a restore from a copy, while no gateway runs: old commands and reports end here"))

const adopt = Command.make("adopt", {}, () =>
  Effect.gen(function* () {
    const { adopt } = yield* Effect.promise(() => import("./StoreCommand.ts"))
    yield* adopt(yield* configured)
  })
).pipe(Command.withDescription("When the log's secrets are lost for ever: those that are here become its own"))

const check = Command.make("check", {}, () =>
  Effect.gen(function* () {
    const { check } = yield* Effect.promise(() => import("./StoreCommand.ts"))
    yield* check(yield* configured)
  })
).pipe(Command.withDescription("Read every database in DATA_DIR through: takes a second or more for each 200 MB"))

export const store = Command.make("store").pipe(
  Command.withDescription("What is done to the event log while no gateway runs"),
  Command.withSubcommands([raiseEpoch, adopt, check])
)

const archiveVerify = Command.make(
  "verify",
  {
    json,
    files: Argument.String("file").pipe(
      Argument.withDescription("Files of the archive, in their order"),
      Argument.atLeast(1)
    )
  },
  ({ files, json }) =>
    Effect.gen(function* () {
      const { verify } = yield* Effect.promise(() => import("./ArchiveCommand.ts"))
      yield* verify(files, { json })
    })
).pipe(
  Command.withDescription("Check that files are what was archived: every line, its link, and what each file follows")
)

export const archive = Command.make("archive").pipe(
  Command.withDescription("What is archived of that which came from outside"),
  Command.withSubcommands([archiveVerify])
)
