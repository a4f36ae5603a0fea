import { Clock, Effect, Layer, Schedule } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import { Ledger } from "#domain/ports/Ledger.ts"

/**
 * WhatsApp is said to keep what it cannot deliver for 30 days. A phone that comes back on the last of them may be unable
 * to read a message, and ask for it again: until then its bytes are kept.
 */
const keptMillis = 31 * 24 * 3_600_000

/** Forgets what nobody will ask for any more. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const ledger = yield* Ledger
    const purge = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const forgotten = yield* ledger.purge(fromMillis(now - keptMillis), fromMillis(now))
      if (forgotten > 0) yield* Effect.logInfo("old messages left the ledger", { forgotten })
    })
    yield* purge.pipe(
      Effect.catchTag("LedgerUnavailable", () => Effect.logWarning("the ledger could not be purged; again in an hour")),
      Effect.repeat(Schedule.spaced("1 hour")),
      Effect.forkScoped
    )
  })
)
