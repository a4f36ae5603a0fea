import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { fromMillis, toMillis } from "#domain/Instant.ts"
import { Ledger } from "#domain/ports/Ledger.ts"
import { newEntry } from "#infra/ledger/contract/Fixtures.ts"
import * as Housekeeping from "#mac-agent/sending/Housekeeping.ts"
import { start } from "#mac-agent/testing/AgentFixture.ts"
import { ledgerOf } from "#mac-agent/testing/LedgerFixture.ts"
import { longestExpirySeconds } from "#services/api/MessagesApi.ts"
import * as Left from "#services/erasure/Left.ts"

const hour = 3_600_000

/** The housekeeper's commits are made in turns of the real event loop. */
const settled = Effect.promise(() => new Promise((resolve) => setImmediate(() => setImmediate(resolve))))

it.effect("when an erasure says that agents have let it go, they have, as late as a message may leave", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(start)
    const leftOf = yield* Left.make
    const said = leftOf(start, false).find(({ place }) => place === "agents")?.until
    assert.isDefined(said)

    const ledger = Context.get(yield* Layer.build(ledgerOf(":memory:")), Ledger)
    const expiresAt = fromMillis(start + longestExpirySeconds * 1_000)
    const entry = newEntry("store:1", {
      acceptedAt: fromMillis(start),
      expiresAt,
      state: "acked",
      attemptedAt: expiresAt
    })
    yield* ledger.accept([entry])
    yield* Layer.build(Housekeeping.layer.pipe(Layer.provide(Layer.succeed(Ledger, ledger))))
    const pass = Effect.andThen(TestClock.adjust("1 hour"), settled)
    const hours = Math.floor((toMillis(said) - start) / hour)

    yield* Effect.repeat(pass, { times: hours - 3 })
    assert.isDefined(yield* ledger.findSent(entry.waMessageId)) // it is said no later than needed
    yield* Effect.repeat(pass, { times: 1 })
    assert.isUndefined(yield* ledger.findSent(entry.waMessageId))
  })
)
