import { Cause, Effect, Schema } from "effect"
import { UnreadableEvent } from "#domain/Events.ts"

/** By what it is set where a command listens. */
interface Door {
  readonly host: string
  readonly port: string
}
const configured: Door = { host: "HOST", port: "PORT" }

/**
 * What ended a command, in a line for whoever typed it: what failed, and what it came from, unless that is said already.
 * `undefined` for a defect, but an event that is damaged and a database that went away: a bug of ours keeps its stack. The words are our own and those of the operating system or of
 * a server; none repeats a value that was configured, but for addresses, paths and names.
 */
export const explain = (cause: Cause.Cause<unknown>): string | undefined => {
  const error = Cause.squash(cause)
  const listening = listeningIn(error)
  if (listening !== undefined) return unheard(listening, configured)
  if (error instanceof UnreadableEvent) return error.message
  if (!(error instanceof Error) || !(cause.reasons.some(Cause.isFailReason) || isOfServer(error))) return undefined
  const words = chainOf(error).flatMap(({ code = "", message }) => message || code || [])
  const first = words[0] ?? error.name
  const [last = first] = words.at(-1)?.split("\n") ?? []
  return first.includes(last) ? first : `${first}: ${last}`
}

/** A connection to a database is lost wherever it is used. */
const isOfServer = (error: Error) => {
  const { _tag, reason } = error as Error & { readonly _tag?: unknown; readonly reason?: { readonly _tag?: unknown } }
  return _tag === "SqlError" && reason?._tag === "ConnectionError"
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

const listeningIn = (error: unknown) =>
  chainOf(error).find(({ syscall }) => syscall === "listen" || syscall === "getaddrinfo")

const reasons: Readonly<Record<string, (door: Door) => string>> = {
  EADDRINUSE: ({ port }) => `another program listens there; set ${port} to another port, 0 takes any free one`,
  EADDRNOTAVAIL: ({ host }) => `this machine has no such address; set ${host} to one that it has`,
  EACCES: ({ port }) => `this user may not; set ${port} to a port from 1024 on`,
  ENOTFOUND: ({ host }) => `there is no such host; set ${host} to another`,
  EAI_AGAIN: ({ host }) => `nobody says where that host is; set ${host} to an address`
}

const unheard = ({ address, code = "", message, port }: SystemError, door: Door) => {
  const place = port === undefined ? "" : ` on ${address}:${port}`
  return `cannot listen${place}: ${reasons[code]?.(door) ?? `${message}; ${door.host} and ${door.port} say where`}`
}

class CannotListen extends Schema.TaggedError<CannotListen>()("CannotListen", { message: Schema.String }) {}

/** For what listens where its own flags say, and not where the gateway does. */
export const listensBy =
  (door: Door) =>
  <A, E, R>(listening: Effect.Effect<A, E, R>): Effect.Effect<A, E | CannotListen, R> =>
    Effect.catchCause(listening, (cause): Effect.Effect<never, E | CannotListen> => {
      const found = listeningIn(Cause.squash(cause))
      return found === undefined
        ? Effect.failCause(cause)
        : Effect.fail(new CannotListen({ message: unheard(found, door) }))
    })
