import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ApiKeyId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { KeyUses } from "./KeyUses.ts"

const till = ApiKeyId.make("till")
const shop = ApiKeyId.make("shop")
const minute = 60_000

/** A gateway's memory of uses; on the database that it is given, others may run beside it. */
const begun = Effect.map(Layer.build(Layer.fresh(KeyUses.layer)), Context.get(KeyUses))
const rows = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT id, used_at FROM key_uses ORDER BY id`)

it.layer(SqliteClient.layer(":memory:", { durability: "checkpoint" }))("uses of keys", (it) => {
  it.effect("are told at once here, and written about every five minutes, however many there are", () =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { all, note } = yield* begun
          assert.deepStrictEqual([...(yield* all)], [])
          for (let millis = 0; millis <= 90_000; millis += 1_000) {
            note(till, millis)
            yield* TestClock.adjust("1 second")
          }
          assert.deepStrictEqual([...(yield* all)], [[till, fromMillis(90_000)]])
          assert.deepStrictEqual(yield* rows, [{ id: till, used_at: fromMillis(0) }])
          note(till, 7 * minute)
          yield* TestClock.adjust("1 minute")
          assert.deepStrictEqual(yield* rows, [{ id: till, used_at: fromMillis(7 * minute) }])
          note(till, 8 * minute)
          note(shop, 8 * minute)
        })
      )
      const last = [
        { id: shop, used_at: fromMillis(8 * minute) },
        { id: till, used_at: fromMillis(8 * minute) }
      ]
      assert.deepStrictEqual(yield* rows, last)
    })
  )

  it.effect("are the latest of any gateway", () =>
    Effect.gen(function* () {
      const one = yield* begun
      const other = yield* begun
      one.note(till, 20 * minute)
      other.note(till, 19 * minute)
      yield* TestClock.adjust("1 minute")
      for (const { all } of [one, other]) assert.strictEqual((yield* all).get(till), fromMillis(20 * minute))
    })
  )
})
