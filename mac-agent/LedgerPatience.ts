import { Context, Effect, Exit, Layer } from "effect"
import { Later } from "#domain/Later.ts"
import type { LedgerUnavailable } from "#domain/ports/Ledger.ts"

const pauseMillis = 1_000

/**
 * What must not be lost waits until the ledger has taken it. Who finds the ledger unavailable says so, once; all then
 * wait for the same second and try again together, which costs one commit.
 */
export class LedgerPatience extends Context.Service<
  LedgerPatience,
  {
    /** Can be interrupted while it waits, wherever it stands. */
    readonly surely: <A, R>(work: Effect.Effect<A, LedgerUnavailable, R>) => Effect.Effect<A, never, R>
  }
>()("homing/mac-agent/LedgerPatience") {}

export const layer = Layer.sync(LedgerPatience, () => {
  /** Done when it is time to try again; `undefined` while the ledger answers, as far as is known. */
  let pause: Later<void> | undefined
  let isDown = false

  const wait = Effect.suspend(() => {
    if (pause !== undefined) return pause.told
    const own = new Later<void>()
    pause = own
    const warning = isDown
      ? Effect.void
      : Effect.logError("the ledger does not answer; nothing is taken, sent or settled without it")
    isDown = true
    return warning.pipe(
      Effect.andThen(Effect.sleep(pauseMillis)),
      Effect.ensuring(
        Effect.sync(() => {
          pause = undefined
          own.tell(Exit.void)
        })
      )
    )
  }).pipe(Effect.interruptible)

  const recovered = Effect.suspend(() => {
    if (!isDown) return Effect.void
    isDown = false
    return Effect.logInfo("the ledger answers again")
  })

  const surely = <A, R>(work: Effect.Effect<A, LedgerUnavailable, R>): Effect.Effect<A, never, R> => {
    /** What needs no room is done on a full disk, too: only what it had refused says that it answers again. */
    const tried = (wasRefused: boolean): Effect.Effect<A, never, R> =>
      Effect.matchEffect(work, {
        onFailure: () => Effect.andThen(wait, begun(true)),
        onSuccess: (answer) => (wasRefused ? Effect.as(recovered, answer) : Effect.succeed(answer))
      })
    const begun = (wasRefused: boolean): Effect.Effect<A, never, R> =>
      Effect.suspend(() => (pause === undefined ? tried(wasRefused) : Effect.andThen(wait, begun(wasRefused))))
    return begun(false)
  }

  return { surely }
})
