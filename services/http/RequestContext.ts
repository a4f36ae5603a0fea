import { beside } from "#domain/Beside.ts"
import type { Policy, Standing } from "#domain/ports/RateLimits.ts"

/** The caller's name for a request, or the one we had to make. */
export interface Key {
  readonly value: string
  /** As it came, for the answer. */
  readonly written: string
  /** The name under which earlier releases, which took quotes for a part of the key, accepted what came in quotes. */
  readonly former?: string
  readonly made: boolean
}

/** How a request stands with a limit. */
export interface Verdict {
  readonly limit: Limit
  readonly standing: Standing
}

/** A limit as callers hear of it. */
export interface Limit {
  readonly name: string
  readonly policy: Policy
  /** As it stands in `RateLimit-Policy`. */
  readonly written: string
}

/** What becomes known of a request on its way, for whatever answer it comes to. */
interface RequestContext {
  id: string | undefined
  key: Key | undefined
  /** Where in which trace it stands. */
  trace: string | undefined
  verdicts: ReadonlyArray<Verdict>
  /** What stands in the way now is worth another try then. */
  retryAfterSeconds: number | undefined
}

const contexts = beside<object, RequestContext>()

export const contextOf = (request: object): RequestContext => {
  let context = contexts.get(request)
  if (context === undefined) {
    context = { id: undefined, key: undefined, trace: undefined, verdicts: [], retryAfterSeconds: undefined }
    contexts.set(request, context)
  }
  return context
}

/** By what a request is named, by its caller or here. */
export const requestIdHeader = "x-request-id"

/** What may stand in a header and in a line of the log as it came. */
const takenOver = /^[\w.:+/=@-]{1,128}$/

interface Headed {
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** The request's name in the log, in its answer and in a problem with status 500: the caller's own, if it gave one. */
export const requestIdOf = (request: Headed): string => {
  const context = contextOf(request)
  if (context.id === undefined) {
    const given = request.headers[requestIdHeader] ?? ""
    context.id = takenOver.test(given) ? given : globalThis.crypto.randomUUID()
  }
  return context.id
}
