import { Cause, Clock, Effect, Schema } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import { patiently } from "#domain/Patience.ts"
import type { OutboundAnswer, OutboundFailed, OutboundRefused } from "#domain/ports/OutboundHttp.ts"
import type { Attempt, Delivery } from "./Delivery.ts"

/** For the whole of one exchange, as Standard Webhooks asks for. */
export const timeoutMillis = 15_000

/** What an attempt came to. */
export interface Answered {
  readonly attempt: Attempt
  readonly isDelivered: boolean
  /** The destination wants nothing any more. */
  readonly isGone: boolean
  /** It wants to be left alone for so long. */
  readonly wishMillis: number | undefined
}

/** What is to be sent, or where to, cannot be read: its keys are not there, and may be again. */
export class Unsendable extends Schema.TaggedError<Unsendable>()("Unsendable", {}) {}

const tooMany = 429
const tooLate = 408

/** The bytes that were to be sent are gone, or are not those that were kept: they do not come back. */
export const gone = "gone"
/** Words for why nothing was sent, of which the destination has no part. */
const ownWords: ReadonlySet<string> = new Set([gone, "unreadable", "internal"])

/** Whether it may be the destination that is away, or has too much to do: it said nothing of what it was to take. */
export const isAway = ({ attempt: { error = "", status } }: Answered): boolean =>
  status === undefined ? !ownWords.has(error) : status >= 500 || status === tooMany || status === tooLate

/** Whether no further attempt can come to anything else: this one was none of the destination's. */
export const isLast = ({ attempt: { error } }: Pick<Answered, "attempt">): boolean => error === gone

const noAnswer = (error: string, millis: number) =>
  Effect.map(
    Clock.currentTimeMillis,
    (now): Answered => ({
      attempt: { at: fromMillis(now - millis), error, millis },
      isDelivered: false,
      isGone: false,
      wishMillis: undefined
    })
  )

/** Why there was no answer, in words. */
export const inWords = {
  OutboundFailed: ({ kind }: OutboundFailed) => Effect.succeed<string>(kind),
  OutboundRefused: ({ reason }: OutboundRefused) => Effect.succeed(`refused: ${reason}`),
  Unsendable: (_: Unsendable) => Effect.succeed("unreadable")
}

/** What an exchange comes to; only what this gateway itself cannot do fails. */
export const answered = Effect.fnUntraced(function* <E, R>(exchange: Effect.Effect<OutboundAnswer | string, E, R>) {
  const begun = yield* Clock.currentTimeMillis
  const answer = yield* exchange
  if (typeof answer === "string") return yield* noAnswer(answer, Math.max(0, (yield* Clock.currentTimeMillis) - begun))
  const { headers, millis, status } = answer
  const found: Answered = {
    attempt: { at: fromMillis(begun), status, millis: Math.round(millis) },
    isDelivered: status >= 200 && status < 300,
    isGone: status === 410,
    wishMillis: headers.retryAfterMillis
  }
  return found
})

/** However long this side is away; what it cannot do at all counts as an attempt, and holds up nothing. */
export const surely = <E>(
  { endpoint, id }: Pick<Delivery, "endpoint" | "id">,
  attempt: Effect.Effect<Answered, E>
): Effect.Effect<Answered> =>
  Effect.catch(attempt, () => Effect.retry(attempt, patiently)).pipe(
    Effect.catchCause((cause) =>
      Cause.hasInterrupts(cause)
        ? Effect.interrupt
        : Effect.andThen(
            Effect.logError("a delivery cannot be made", { delivery: id, destination: endpoint }, cause),
            noAnswer("internal", 0)
          )
    )
  )
