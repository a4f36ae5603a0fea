import {
  AccessDeniedError,
  MaxAppendSizeExceededError,
  NotLeaderError,
  StreamDeletedError,
  UnavailableError,
  WrongExpectedVersionError
} from "@eventstore/db-client"

/**
 * What an append's failure says of the append.
 * - `refused`: the stream is elsewhere.
 * - `never`: not stored, and it would not be if it were offered again.
 * - `not yet`: not stored, but it may be worth offering again.
 * - `unknown`: it may have been stored, or may yet be.
 */
export type Verdict = "refused" | "never" | "not yet" | "unknown"

/** Only what the server or the connection says for certain; everything else is unknown. */
export const verdictOf = (error: unknown): Verdict => {
  if (error instanceof WrongExpectedVersionError) return "refused"
  if (
    error instanceof AccessDeniedError ||
    error instanceof MaxAppendSizeExceededError ||
    error instanceof StreamDeletedError
  ) {
    return "never"
  }
  if (error instanceof NotLeaderError) return "not yet"
  // grpc-js says so when no connection was there to send on: nothing can have left (its load-balancer-pick-first.ts)
  if (error instanceof UnavailableError && error.message.includes("No connection established")) return "not yet"
  return "unknown"
}
