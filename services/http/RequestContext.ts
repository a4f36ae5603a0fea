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
  verdicts: ReadonlyArray<Verdict>
  /** What stands in the way now is worth another try then. */
  retryAfterSeconds: number | undefined
}

const contexts = beside<object, RequestContext>()

export const contextOf = (request: object): RequestContext => {
  let context = contexts.get(request)
  if (context === undefined) {
    context = { id: undefined, key: undefined, verdicts: [], retryAfterSeconds: undefined }
    contexts.set(request, context)
  }
  return context
}

/** The request's name in the log and in a problem with status 500; made when somebody first asks for it. */
export const requestIdOf = (request: object): string => {
  const context = contextOf(request)
  context.id ??= globalThis.crypto.randomUUID()
  return context.id
}
