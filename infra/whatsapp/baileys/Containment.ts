import { AsyncLocalStorage } from "node:async_hooks"
import { Effect } from "effect"

/** Told of what was thrown and caught by nobody. */
export type Breach = (cause: unknown) => void

const answering = new AsyncLocalStorage<Breach | undefined>()

/**
 * Whatever this work begins, callbacks, timers and promises of its libraries included, is on `breach`'s account: what is
 * thrown there, now or later, does not end the process once `guardProcess` has run.
 */
export const within = <A>(breach: Breach, work: () => A): A => answering.run(breach, work)

/** Leaves the account again: from here on it is the process's own work. */
export const outside = <A>(work: () => A): A => answering.run(undefined, work)

const uncaught = (cause: unknown) => {
  const breach = answering.getStore()
  if (breach !== undefined) return breach(cause)
  if (process.listenerCount("uncaughtException") > 1) return // somebody else decides
  process.off("uncaughtException", uncaught)
  process.nextTick(() => {
    throw cause // as fatal, and told in the same words, as if nobody had listened
  })
}

const unhandled = (cause: unknown) => {
  const breach = answering.getStore()
  if (breach !== undefined) return breach(cause)
  if (process.listenerCount("unhandledRejection") === 1) throw cause
}

let isGuarded = false

/**
 * From now on what is thrown on somebody's account goes there; on nobody's account it is fatal, as ever. It stays so: what a
 * connection has begun may throw long after its end.
 */
export const guardProcess: Effect.Effect<void> = Effect.sync(() => {
  if (isGuarded) return
  isGuarded = true
  process.on("uncaughtException", uncaught)
  process.on("unhandledRejection", unhandled)
})
