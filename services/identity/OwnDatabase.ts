import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Leases } from "#domain/ports/Leases.ts"
import { creating } from "../tables/Tables.ts"
import { NotThisLogs } from "./Installation.ts"
import { StoreIdentity } from "./StoreIdentity.ts"

/** Refuses the views of another log: views and checkpoints of two logs in one are neither's. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const { renewalMillis } = yield* Leases
    const sql = yield* SqlClient.SqlClient
    const { store } = (yield* StoreIdentity).known().state
    yield* creating(
      sql,
      sql`CREATE TABLE IF NOT EXISTS own_log (id INTEGER PRIMARY KEY CHECK (id = 1), store TEXT NOT NULL)`
    )
    yield* sql`INSERT INTO own_log (id, store) VALUES (1, ${store}) ON CONFLICT (id) DO NOTHING`
    const [row] = yield* sql<{ readonly store: string }>`SELECT store FROM own_log WHERE id = 1`
    if (row?.store !== store)
      return yield* new NotThisLogs({ reason: renewalMillis === undefined ? "other_views" : "other_database" })
  })
)
