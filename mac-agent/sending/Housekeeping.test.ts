import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { fromMillis } from "#domain/Instant.ts"
import { Ledger, LedgerUnavailable } from "#domain/ports/Ledger.ts"
import { newEntry } from "#infra/ledger/contract/Fixtures.ts"
import { start } from "../testing/AgentFixture.ts"
import { ledgerOf } from "../testing/LedgerFixture.ts"
import * as Housekeeping from "./Housekeeping.ts"

/** The housekeeper over a ledger that has one message of the first day, whose outcome was never learnt. */
const kept = Effect.fnUntraced(function* (spied: (ledger: Ledger["Service"]) => Ledger["Service"]) {
  yield* TestClock.setTime(start)
  const ledger = Context.get(yield* Layer.build(ledgerOf(":memory:")), Ledger)
  const at = fromMillis(start)
  const entry = newEntry("store:1", {
    acceptedAt: at,
    expiresAt: fromMillis(start + 3_600_000),
    state: "ambiguous",
    attemptedAt: at
  })
  yield* ledger.accept([entry])
  yield* Layer.build(Housekeeping.layer.pipe(Layer.provide(Layer.succeed(Ledger, spied(ledger)))))
  return Effect.map(ledger.findSent(entry.waMessageId), (found) => found !== undefined)
})

/** What the hour brings needs turns of the real event loop: commits are made there. */
const settled = Effect.promise(() => new Promise((resolve) => setImmediate(() => setImmediate(resolve))))
const pass = (hours: number) => Effect.repeat(Effect.andThen(TestClock.adjust("1 hour"), settled), { times: hours - 1 })

it.effect("a message is kept as long as a phone may ask for it again, and no longer", () =>
  Effect.gen(function* () {
    const isKept = yield* kept((ledger) => ledger)
    yield* pass(31 * 24)
    assert.isTrue(yield* isKept)
    yield* pass(2)
    assert.isFalse(yield* isKept)
  })
)

it.effect("a ledger that does not answer is asked again an hour later", () =>
  Effect.gen(function* () {
    let asked = 0
    const isKept = yield* kept((ledger) => ({
      ...ledger,
      purge: (...args) =>
        Effect.suspend(() =>
          ++asked <= 31 * 24 + 5 ? Effect.fail(new LedgerUnavailable({ cause: "test" })) : ledger.purge(...args)
        )
    }))
    yield* pass(31 * 24 + 4)
    assert.isTrue(yield* isKept)
    yield* pass(2)
    assert.isFalse(yield* isKept)
  })
)
