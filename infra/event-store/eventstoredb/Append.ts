import { NO_STREAM } from "@eventstore/db-client"
import { type Array, Effect, Redacted } from "effect"
import type { StreamId } from "#domain/Ids.ts"
import {
  type Appended,
  EventStoreUnavailable,
  type ExpectedRevision,
  WrongExpectedRevision
} from "#domain/ports/EventStore.ts"
import type { NewEvent } from "#domain/Recorded.ts"
import type { Client } from "./Client.ts"
import type { Connection } from "./ConnectionString.ts"
import { encode } from "./Events.ts"
import type { Patience } from "./Patience.ts"
import { verdictOf } from "./Verdict.ts"

/**
 * Credentials on the call make the library use the classic append. Its other one, of batches, loses the answer when the
 * server ends or freezes, fails the appends of every client in the process with one of them, and can end the process.
 * Without TLS these are not sent.
 */
export const classic = ({ credentials }: Connection) => ({
  credentials:
    credentials === undefined
      ? { username: "not", password: "sent" }
      : { username: credentials.username, password: Redacted.value(credentials.password) },
  requiresLeader: true
})

/** Beyond the deadline that the library keeps: for what it does before it sends. */
const graceMillis = 500
const pauseMillis = 50

/**
 * Offers the same events at the same revision until it is known what became of them, a bounded number of times: the
 * server answers a repetition like the first time, for ever, but only at an exact revision.
 */
export const appender = (client: Client, connection: Connection, { answer, offers }: Patience) => {
  const options = { ...classic(connection), deadline: answer }

  return (stream: StreamId, expected: ExpectedRevision, events: Array.NonEmptyReadonlyArray<NewEvent>) =>
    Effect.suspend(() => {
      const encoded = encode(events)
      const expectedRevision = expected === "no_stream" ? NO_STREAM : BigInt(expected)
      const once = Effect.tryPromise({
        try: () => client.appendToStream(stream, encoded, { ...options, expectedRevision }),
        catch: (error) => error
      }).pipe(Effect.timeout(answer + graceMillis))

      const offer = (
        offered: number,
        before: EventStoreUnavailable["written"]
      ): Effect.Effect<Appended, WrongExpectedRevision | EventStoreUnavailable> =>
        Effect.matchEffect(once, {
          onSuccess: ({ nextExpectedRevision, position }) =>
            Effect.succeed({ revision: Number(nextExpectedRevision), position: position!.commit }),
          onFailure: (cause) => {
            const verdict = verdictOf(cause)
            if (verdict === "refused") return Effect.fail(new WrongExpectedRevision({ stream, expected }))
            const written = verdict === "unknown" ? "unknown" : before
            return verdict === "never" || offered === offers
              ? Effect.fail(new EventStoreUnavailable({ written, cause }))
              : Effect.delay(offer(offered + 1, written), pauseMillis * 4 ** (offered - 1))
          }
        })
      return offer(1, "no")
    })
}
