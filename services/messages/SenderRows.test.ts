import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { recorded, uuid } from "../testing/ViewsFixture.ts"
import * as SenderRows from "./SenderRows.ts"

it.effect("a key that is read again, from a checkpoint that was set back, keeps its row", () =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* SenderRows.setup(sql)
    const issued = recorded(`client-${uuid(1)}`, 1, 7n, {
      type: "client.key_issued.v1",
      data: { key: "key1", digest: "digest", scopes: ["admin"] }
    })
    const rows = sql`SELECT id, CAST(number AS TEXT) AS number FROM message_senders WHERE number >= 0`
    for (const _ of ["first", "again"]) {
      yield* SenderRows.make().note(sql, [issued])
      assert.deepStrictEqual(yield* rows, [{ id: "key1", number: "7" }])
    }
  }).pipe(Effect.provide(SqliteClient.layer(":memory:", { durability: "checkpoint" })))
)
