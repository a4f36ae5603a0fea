import { type Array, Cause, Effect, Exit } from "effect"
import type { StreamId } from "#domain/Ids.ts"
import { remainingMillis } from "#domain/ports/Deadline.ts"
import {
  type Appended,
  EventStoreUnavailable,
  type ExpectedRevision,
  WrongExpectedRevision
} from "#domain/ports/EventStore.ts"
import type { NewEvent } from "#domain/Recorded.ts"
import type { Line } from "./Line.ts"
import type { Patience } from "./Patience.ts"
import { proposal } from "./Proposals.ts"
import { isSilence, verdictOf } from "./Verdict.ts"

/** Beyond the deadline that the connection keeps: for finding the server before anything is sent. */
const graceMillis = 500
const pauseMillis = 50

const tooLate = new Error("the deadline came first")

/**
 * Offers the same events at the same revision until it is known what became of them, a bounded number of times and until the caller's
 * deadline: the server answers a repetition like the first time, for ever, but only at an exact revision.
 */
export const appender =
  (line: Line, { answer, offers }: Patience) =>
  (stream: StreamId, expected: ExpectedRevision, events: Array.NonEmptyReadonlyArray<NewEvent>) =>
    Effect.suspend(() => {
      const requests = proposal(stream, expected, events)
      const once = Effect.flatMap(remainingMillis, (millis) => {
        if (millis === 0) return Effect.fail(tooLate)
        const { client } = line
        const patience = Math.min(answer, millis)
        return Effect.tryPromise({
          try: () => client.append(requests, patience),
          catch: (error) => error
        }).pipe(
          Effect.timeout(Math.min(answer + graceMillis, millis)),
          Effect.onExit((exit) => Effect.sync(() => tell(line, client, exit, patience === answer)))
        )
      })

      const offer = (
        offered: number,
        before: EventStoreUnavailable["written"]
      ): Effect.Effect<Appended, WrongExpectedRevision | EventStoreUnavailable> => {
        const failed = (cause: unknown) => {
          const verdict = cause === tooLate ? "not yet" : verdictOf(cause)
          const written = verdict === "unknown" ? "unknown" : before
          return verdict === "never" || offered === offers || cause === tooLate
            ? Effect.fail(new EventStoreUnavailable({ written, cause }))
            : Effect.delay(offer(offered + 1, written), pauseMillis * 4 ** (offered - 1))
        }
        return Effect.matchEffect(once, {
          onFailure: failed,
          onSuccess: (response) => {
            if (response.hasWrongExpectedVersion()) return Effect.fail(new WrongExpectedRevision({ stream, expected }))
            const success = response.getSuccess()
            const position = success?.getPosition()
            return success === undefined || position === undefined
              ? failed(new TypeError("an append was answered with neither a position nor a refusal"))
              : Effect.succeed({
                  revision: Number(success.getCurrentRevision()),
                  position: BigInt(position.getCommitPosition())
                })
          }
        })
      }
      return offer(1, "no")
    })

/** `waited`: for as long as an answer may take. */
const tell = (line: Line, client: Line["client"], exit: Exit.Exit<unknown, unknown>, waited: boolean) => {
  if (Exit.isSuccess(exit)) return line.heard(client)
  if (Cause.hasInterruptsOnly(exit.cause)) return
  if (!isSilence(Cause.squash(exit.cause))) line.heard(client)
  else if (waited) line.silent(client)
}
