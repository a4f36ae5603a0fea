import { Cause } from "effect"

/**
 * What ended a command, in a line for whoever typed it. `undefined` for a defect: a bug of ours keeps its stack. The
 * words are our own and those of the operating system; neither repeats a value that was configured, but for addresses
 * and paths.
 */
export const explain = (cause: Cause.Cause<unknown>): string | undefined => {
  const error = Cause.squash(cause)
  const listening = chainOf(error).find((one) => one.syscall === "listen" || one.syscall === "getaddrinfo")
  if (listening !== undefined) return unheard(listening)
  if (!cause.reasons.some(Cause.isFailReason) || !(error instanceof Error)) return undefined
  return chainOf(error).find(({ message }) => message !== "")?.message ?? error.name
}

interface SystemError extends Error {
  readonly syscall?: string
  readonly code?: string
  readonly address?: string
  readonly port?: number
}

const chainOf = (error: unknown): ReadonlyArray<SystemError> =>
  error instanceof Error ? [error, ...chainOf(error.cause)] : []

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
