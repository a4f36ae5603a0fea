import { Cause } from "effect"

/**
 * What ended a command, in a line for whoever typed it: what failed, and what it came from, unless that is said already.
 * `undefined` for a defect: a bug of ours keeps its stack. The words are our own and those of the operating system or of
 * a server; none repeats a value that was configured, but for addresses, paths and names.
 */
export const explain = (cause: Cause.Cause<unknown>): string | undefined => {
  const error = Cause.squash(cause)
  const listening = chainOf(error).find((one) => one.syscall === "listen" || one.syscall === "getaddrinfo")
  if (listening !== undefined) return unheard(listening)
  if (!cause.reasons.some(Cause.isFailReason) || !(error instanceof Error)) return undefined
  const words = chainOf(error).flatMap(({ code = "", message }) => message || code || [])
  const first = words[0] ?? error.name
  const [last = first] = words.at(-1)?.split("\n") ?? []
  return first.includes(last) ? first : `${first}: ${last}`
}

interface SystemError extends Error {
  readonly syscall?: string
  readonly code?: string
  readonly address?: string
  readonly port?: number
}

/** Of several that failed together, as the addresses of one host do, the first stands for all. */
const chainOf = (error: unknown): ReadonlyArray<SystemError> => {
  if (!(error instanceof Error)) return []
  return [error, ...chainOf(error.cause ?? (error instanceof AggregateError ? error.errors[0] : undefined))]
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there; set another port, 0 takes any free one",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "this user may not; set a port from 1024 on",
  ENOTFOUND: "there is no such host"
}

const unheard = ({ address, code = "", message, port }: SystemError) => {
  const place = port === undefined ? "" : ` on ${address}:${port}`
  return `cannot listen${place}: ${reasons[code] ?? message}`
}
