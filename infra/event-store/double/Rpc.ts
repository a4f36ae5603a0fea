import { Metadata, type ServiceError, status } from "@grpc/grpc-js"

/** An error as the server sends it: a status, and trailers by which the client finds the class. */
const rpcError = (code: status, details: string, trailers: Readonly<Record<string, string>> = {}): ServiceError => {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(trailers)) metadata.set(name, value)
  return Object.assign(new Error(details), { code, details, metadata })
}

export const unavailable = () => rpcError(status.UNAVAILABLE, "Server Is Not Ready")

/** What the real server answers when a call throws: a bad id, an empty name. */
export const thrown = () => rpcError(status.UNKNOWN, "Exception was thrown by handler.")

export const timedOut = () => rpcError(status.ABORTED, "Operation timed out: Prepare phase timeout.")

/** A subscription that breaks in the middle. */
export const interrupted = () => rpcError(status.UNKNOWN, "Unexpected ReadAllResult: Error")

/** What a read gets that can have no result, as one forwards from the end. */
export const unreadable = () => rpcError(status.UNKNOWN, "Unexpected ReadStreamResult: Error")

export const invalidPosition = () => rpcError(status.INVALID_ARGUMENT, "Trying to read from an invalid position.")

export const streamDeleted = (stream: string) =>
  rpcError(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: "stream-deleted",
    "stream-name": stream
  })

export const appendTooLarge = (limit: number) =>
  rpcError(status.INVALID_ARGUMENT, `Maximum Append Size of ${limit} Exceeded.`, {
    exception: "maximum-append-size-exceeded",
    "maximum-append-size": `${limit}`
  })

export const wrongExpectedVersion = (stream: string, expected: bigint, actual: bigint) =>
  rpcError(
    status.FAILED_PRECONDITION,
    `Delete failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expected}, Actual version: ${actual}`,
    {
      exception: "wrong-expected-version",
      "stream-name": stream,
      "expected-version": `${expected}`,
      "actual-version": `${actual}`
    }
  )
/** Of a plain read of `$all`. */
export const unknownPosition = () => rpcError(status.UNKNOWN, "Unexpected ReadAllResult: InvalidPosition")
