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

  const surely = <A, R>(work: Effect.Effect<A, LedgerUnavailable, R>): Effect.Effect<A, never, R> => {
    const tried: Effect.Effect<A, never, R> = Effect.matchEffect(work, {
      onFailure: () => Effect.andThen(wait, again),
      onSuccess: (answer) => {
        if (!isDown) return Effect.succeed(answer)
        isDown = false
        return Effect.as(Effect.logInfo("the ledger answers again"), answer)
      }
    })
    const again: Effect.Effect<A, never, R> = Effect.suspend(() =>
      pause === undefined ? tried : Effect.andThen(wait, again)
    )
    return again
  }

  return { surely }
})
