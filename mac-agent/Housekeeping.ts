import { Clock, Effect, Layer, Schedule } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import { Ledger } from "#domain/ports/Ledger.ts"

/** A recipient's phone may ask for a message again this long after it was sent: until then its bytes are kept. */
const keptMillis = 14 * 24 * 3_600_000

/** Forgets what nobody will ask for any more. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const ledger = yield* Ledger
    const purge = Effect.gen(function* () {
      const forgotten = yield* ledger.purge(fromMillis((yield* Clock.currentTimeMillis) - keptMillis))
      if (forgotten > 0) yield* Effect.logInfo("old messages left the ledger", { forgotten })
    })
    yield* purge.pipe(
      Effect.catchTag("LedgerUnavailable", () => Effect.logWarning("the ledger could not be purged; again in an hour")),
      Effect.repeat(Schedule.spaced("1 hour")),
      Effect.forkScoped
    )
  })
)
