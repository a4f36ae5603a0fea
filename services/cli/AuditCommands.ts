import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { connected, json, url } from "./GatewayCommands.ts"

/** What proves that the log is the one that was signed. */

const auditCommand = Effect.promise(() => import("./AuditCommand.ts"))

const head = Command.make("head", { url, json }, ({ json, url }) =>
  Effect.gen(function* () {
    const { ask } = yield* connected(url, "audit:read")
    yield* (yield* auditCommand).head(ask, { json })
  })
).pipe(Command.withDescription("Print the newest signed tree head, as a note: keep it where the gateway cannot write"))

const witness = Command.make("witness", { url }, ({ url }) =>
  Effect.gen(function* () {
    const { ask } = yield* connected(url, "audit:read")
    yield* (yield* auditCommand).listWitnesses(ask)
  })
).pipe(
  Command.withDescription(
    "Print which head each agent has cosigned last, and refused, a line of JSON each; 2: one was refused"
  )
)

const prove = Command.make(
  "prove",
  {
    url,
    cursor: Flag.String("cursor").pipe(Flag.withDescription("The event with this `cursor`"), Flag.optional),
    message: Argument.String("message").pipe(Argument.withDescription("Every event of this message"), Argument.optional)
  },
  ({ cursor, message, url }) =>
    Effect.gen(function* () {
      const { ask } = yield* connected(url, "audit:read")
      const [at, of] = [cursor, message].map(Option.getOrUndefined)
      yield* (yield* auditCommand).prove(ask, { cursor: at, message: of })
    })
).pipe(Command.withDescription("Print what proves that events are in the log, with the tree head that it leads to"))

const exporting = Command.make(
  "export",
  { url, file: Argument.String("file").pipe(Argument.withDescription("Where to write it; - prints it")) },
  ({ file, url }) =>
    Effect.gen(function* () {
      const { ask } = yield* connected(url, "audit:read")
      yield* (yield* auditCommand).exportLog(ask, file)
    })
).pipe(Command.withDescription("Write the log as it is stored, sealed where it is, to be verified; needs API_KEY"))

const each = (name: string, what: string) => Flag.String(name).pipe(Flag.withDescription(what), Flag.atLeast(0))

const verify = Command.make(
  "verify",
  {
    json,
    heads: each("head", "File with a tree head that was kept elsewhere; once for each"),
    keys: each("key", "The log's public key as you were told it; once for each"),
    witnesses: each("witness", "The public key of a witness that you trust; once for each"),
    quorum: Flag.Int("quorum").pipe(
      Flag.withDescription("How many of these witnesses have to have cosigned a head before it is believed"),
      Flag.withDefault(0)
    ),
    earlier: Flag.String("earlier").pipe(
      Flag.withDescription("An export of before, to name the first entry that was changed since"),
      Flag.optional
    ),
    file: Argument.String("file").pipe(Argument.withDescription("What `homing audit export` wrote"))
  },
  ({ earlier, ...asked }) =>
    Effect.gen(function* () {
      yield* (yield* auditCommand).verify({ ...asked, earlier: Option.getOrUndefined(earlier) })
    })
).pipe(
  Command.withDescription(
    "Check an export, offline: ends with 0 proven, 2 refuted, 3 internally consistent with its completeness unproven"
  )
)

export const audit = Command.make("audit").pipe(
  Command.withDescription("That nothing recorded was changed, left out or put in since a tree head was signed"),
  Command.withSubcommands([head, witness, prove, exporting, verify])
)
