import { Cause } from "effect"

/** Longer runs of digits than any count or date of ours: a phone number, or part of an address that holds one. */
const numberLike = /\d{7,}/g
const longest = 500
const deepest = 4
const frames = 12

/** An id of ours, the stream that it names, or a short digest: its digits are nobody's. */
const ownId = /^(([a-z]+-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=\d*[a-f])[0-9a-f]{16})$/

/** Text that others wrote, made fit for the log. */
export const scrub = (text: string): string => text.slice(0, longest).replace(numberLike, "[digits]")

/** What stands in a field: it may be an id of ours, or be what others wrote. */
export const scrubField = (text: string): string => (ownId.test(text) ? text : scrub(text))

interface Told {
  readonly name: string
  readonly message: string
  readonly at?: ReadonlyArray<string>
  readonly cause?: Told
}

/** An error of another library may lack even the message. */
const wordsOf = (text: unknown): string => (typeof text === "string" ? scrub(text) : "")

/** An error, and what it came from, without the values it went wrong with. */
export const tellError = (error: unknown, depth = 0): Told => {
  if (!(error instanceof Error)) return { name: typeof error, message: wordsOf(error) }
  const at = error.stack?.split("\n").filter((line) => line.startsWith("    at ")) ?? []
  return {
    name: wordsOf(error.name),
    message: wordsOf(error.message),
    at: at.slice(0, frames).map((line) => scrub(line.trim())),
    ...(error.cause !== undefined && depth < deepest && { cause: tellError(error.cause, depth + 1) })
  }
}

/** What went wrong, without the values it went wrong with. */
export const tellCause = (cause: Cause.Cause<unknown>): ReadonlyArray<Told> =>
  cause.reasons
    .filter((reason) => !Cause.isInterruptReason(reason))
    .map((reason) => tellError(Cause.isFailReason(reason) ? reason.error : (reason as Cause.Die).defect))
