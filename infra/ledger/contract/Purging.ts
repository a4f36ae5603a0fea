import { assert } from "@effect/vitest"
import { Array, Effect } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import { Ledger, type LedgerEntry, ledgerStates } from "#domain/ports/Ledger.ts"
import { freshEpoch, type It, newEntry } from "./Fixtures.ts"

export const purging = (it: It) => {
  it.effect("forgets whatever is old and has expired, and says how many", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      yield* ledger.purge(fromMillis(10_000), fromMillis(10_000))
      const epoch = freshEpoch()
      const aged = (fields: Partial<LedgerEntry>) =>
        newEntry(epoch, { acceptedAt: fromMillis(500), expiresAt: fromMillis(700), ...fields })
      const old = ledgerStates.map((state) => aged({ state }))
      const elsewhere = newEntry(freshEpoch(), { acceptedAt: fromMillis(500), expiresAt: fromMillis(700) })
      const kept = {
        waiting: aged({ expiresAt: fromMillis(801) }),
        "tried late": aged({ state: "acked", attemptedAt: fromMillis(501) }),
        recent: aged({ acceptedAt: fromMillis(501) })
      }
      const behind = aged({ state: "acked" })
      yield* ledger.accept([...old, elsewhere, ...Object.values(kept), behind] as never)
      assert.strictEqual(yield* ledger.purge(fromMillis(501), fromMillis(800)), old.length + 2)
      for (const [why, { waMessageId }] of Object.entries(kept)) {
        assert.isDefined(yield* ledger.findSent(waMessageId), why)
      }
      for (const { state, waMessageId } of [...old, elsewhere, behind]) {
        assert.isUndefined(yield* ledger.findSent(waMessageId), state)
      }
    })
  )

  it.effect("forgets all that is old, however much it is, and looks at little of what is not", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const epoch = freshEpoch()
      yield* ledger.purge(fromMillis(10_000), fromMillis(10_000))
      const old = Array.makeBy(1_000, () => newEntry(epoch, { acceptedAt: fromMillis(1), expiresAt: fromMillis(2) }))
      const late = newEntry(epoch, { acceptedAt: fromMillis(9_000) }) // taken while the clock was wrong
      const rest = Array.makeBy(1_000, () => newEntry(epoch, { acceptedAt: fromMillis(1), expiresAt: fromMillis(2) }))
      yield* ledger.accept([...old, late, ...rest])
      assert.strictEqual(yield* ledger.purge(fromMillis(5), fromMillis(5)), 2_000)
      assert.isDefined(yield* ledger.findSent(late.waMessageId))
    })
  )
}
