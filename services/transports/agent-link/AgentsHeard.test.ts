import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { uuidV7 } from "#domain/Identifiers.ts"
import { AgentId, EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { Identity } from "../../identity/Identity.ts"
import * as AgentsHeard from "./AgentsHeard.ts"

const home = AgentId.make("home")
const start = Date.UTC(2026, 0, 1)
const hour = 3_600_000

const gateway = Effect.map(
  Layer.build(
    Layer.fresh(AgentsHeard.layer).pipe(Layer.provide(Layer.succeed(Identity, { agent: () => undefined } as never)))
  ),
  (services) => Context.get(services, AgentsHeard.AgentsHeard)
)

/** A heartbeat by an agent's clock, and how often one like it has come. */
const beating = (millis: number, refused: number) => {
  const asked = EventId.make(uuidV7(crypto, millis))
  const beat = { kind: "heartbeat", at: fromMillis(millis), protocol: 2, revision: refused, refused } as const
  return (heard: AgentsHeard.AgentsHeard["Service"]) =>
    Effect.map(heard.beat(home, asked, beat), () => heard.last(home)?.refused)
}
const inMemory = SqliteClient.layer(":memory:", { durability: "checkpoint" })

it.effect("a heartbeat that comes again counts no more, at whichever gateway; one of a clock set back does", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(start)
    const one = yield* gateway
    const first = beating(start, 1)
    assert.strictEqual(yield* first(one), 1)
    yield* TestClock.adjust(hour)
    assert.strictEqual(yield* beating(start + hour, 2)(one), 2)
    const at = one.last(home)!.at
    yield* TestClock.adjust(hour)
    assert.strictEqual(yield* first(one), 2)
    assert.strictEqual(one.last(home)!.at, at)

    const other = yield* gateway
    assert.strictEqual(yield* first(other), 2)
    const ahead = beating(start + 5 * hour, 3) // before it knows the gateway's time
    assert.strictEqual(yield* ahead(other), 3)
    assert.strictEqual(yield* first(one), 2)
    assert.strictEqual(yield* beating(start + 2 * hour, 4)(one), 4)
    assert.strictEqual(yield* ahead(one), 4)
    assert.strictEqual((yield* other.all).get(home)!.refused, 4)
  }).pipe(Effect.provide(inMemory))
)

it.effect(
  "of two gateways that hear it at once, the later heartbeat stays; and one that the database forgot counts",
  () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start + hour)
      const sql = yield* SqlClient.SqlClient
      const [one, other] = [yield* gateway, yield* gateway]
      const [early, late] = [beating(start, 1), beating(start + hour, 2)]
      yield* Effect.all([late(one), early(other)], { concurrency: "unbounded" })
      assert.strictEqual((yield* one.all).get(home)!.refused, 2)

      const before = yield* sql<{ readonly heard: string }>`SELECT heard FROM agents_heard`
      const later = beating(start + 2 * hour, 3)
      yield* TestClock.adjust(hour)
      assert.strictEqual(yield* later(one), 3)
      yield* sql`UPDATE agents_heard SET heard = ${before[0]!.heard}`
      yield* TestClock.adjust(hour)
      const at = one.last(home)!.at
      yield* later(one)
      assert.strictEqual(one.last(home)!.at, at)
    }).pipe(Effect.provide(inMemory))
)
