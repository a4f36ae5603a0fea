import { AccessDeniedError, MaxAppendSizeExceededError } from "@eventstore/db-client"
import { Effect, Schedule } from "effect"
import { EventId, StreamId } from "#domain/Ids.ts"
import { type Client, make } from "./Client.ts"
import type { Connection } from "./ConnectionString.ts"
import { EventStoreDbUnfit } from "./EventStoreDbUnfit.ts"
import type { Patience } from "./Patience.ts"
import { appendLimit, proposal } from "./Proposals.ts"
import { Silence } from "./Silence.ts"

/** How many answers' patience one go at all the questions has. */
const attempts = 2

/** Older ones were never tried. */
const oldest = [23, 10] as const

/**
 * Waits for a server, then makes sure that it can be worked with. On a client of its own: the library remembers for ever
 * that its question for the version failed.
 */
export const check = (connection: Connection, patience: Patience): Effect.Effect<void, EventStoreDbUnfit> => {
  const where = connection.hosts.map(({ address, port }) => `${address}:${port}`).join(", ")
  let last = "silence"
  const absent = () =>
    new EventStoreDbUnfit({ reason: `no useful answer at ${where}: ${last}; see whether it runs there` })
  const questions = Effect.scoped(
    Effect.gen(function* () {
      const client = yield* Effect.acquireRelease(make(connection), (client) => Effect.sync(() => client.end()))
      yield* Effect.andThen(checkVersion(client), checkRights(client, patience))
    })
  ).pipe(
    // each on a connection of its own: one that was accepted and is never spoken on is not waited for
    Effect.timeoutOrElse({
      duration: attempts * patience.answer,
      orElse: () => Effect.fail(new Silence({ millis: attempts * patience.answer }))
    })
  )
  return questions.pipe(
    Effect.tapError((error) =>
      Effect.sync(() => {
        last = error instanceof Silence ? "silence" : error instanceof Error ? error.message : String(error)
      })
    ),
    Effect.retry({ while: (error) => !(error instanceof EventStoreDbUnfit), schedule: Schedule.spaced("500 millis") }),
    Effect.timeout(patience.start),
    Effect.mapError((error) => (error instanceof EventStoreDbUnfit ? error : absent()))
  )
}

const unfit = (reason: string) => Effect.fail(new EventStoreDbUnfit({ reason }))
const asking = <A>(question: () => Promise<A>) => Effect.tryPromise({ try: question, catch: (error) => error })

const checkVersion = Effect.fnUntraced(function* (client: Client) {
  const version = yield* asking(() => client.serverVersion)
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10) || 0)
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    return yield* unfit(
      `it is version ${version}; ${oldest.join(".")} is the oldest that will do: use that or a later one`
    )
  }
  yield* Effect.logInfo("EventStoreDB", { version })
})

/**
 * An append as large as may ever come, at a revision that no stream has: nothing is stored, and the size is looked at
 * before the revision. Then a look at `$all`, which subscriptions read.
 */
const checkRights = (client: Client, { answer }: Patience) => {
  const stream = StreamId.make(`check-${crypto.randomUUID()}`)
  return asking(() => client.append(proposal(stream, Number.MAX_SAFE_INTEGER, [largest()]), answer)).pipe(
    Effect.andThen(asking(() => client.readAll({ maxCount: 1 }).toArray())),
    Effect.catchIf(
      (error) => error instanceof MaxAppendSizeExceededError,
      ({ maxAppendSize }: MaxAppendSizeExceededError) =>
        unfit(`its MaxAppendSize is ${maxAppendSize} bytes; ${appendLimit} are needed: set it to as many`)
    ),
    Effect.catchIf(
      (error) => error instanceof AccessDeniedError,
      () => unfit("its user must be known, may write to streams, and may read $all")
    )
  )
}

const largest = () => {
  const frame = JSON.stringify({ filling: "" }).length
  return {
    eventId: EventId.make(crypto.randomUUID()),
    type: "check.v1",
    data: { filling: "x".repeat(appendLimit - frame) },
    metadata: {}
  }
}
