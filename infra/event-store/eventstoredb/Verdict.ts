import {
  AccessDeniedError,
  DeadlineExceededError,
  MaxAppendSizeExceededError,
  NotLeaderError,
  StreamDeletedError,
  UnavailableError
} from "@eventstore/db-client"
import { Cause } from "effect"

/**
 * What an append's failure says of the append.
 * - `never`: not stored, and it would not be if it were offered again.
 * - `not yet`: not stored, but it may be worth offering again.
 * - `unknown`: it may have been stored, or may yet be.
 */
export type Verdict = "never" | "not yet" | "unknown"

/** Only what the server or the connection says for certain; everything else is unknown. */
export const verdictOf = (error: unknown): Verdict => {
  if (
    error instanceof AccessDeniedError ||
    error instanceof MaxAppendSizeExceededError ||
    error instanceof StreamDeletedError
  ) {
    return "never"
  }
  if (error instanceof NotLeaderError) return "not yet"
  return neverLeft(error) ? "not yet" : "unknown"
}

/**
 * In grpc-js's own words, that there was no connection to send on (load-balancer-pick-first.ts, internal-channel.ts); the
 * second while the library replaces a broken one.
 */
const neverLeft = (error: unknown) =>
  (error instanceof UnavailableError && error.message.includes("No connection established")) ||
  (error instanceof Error && error.message === "Channel has been shut down")

/** Nobody said anything: neither the server nor the connection. */
export const isSilence = (error: unknown): boolean =>
  error instanceof DeadlineExceededError || Cause.isTimeoutError(error)
