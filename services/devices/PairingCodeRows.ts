import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import type { DeviceId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import { Sealed } from "#domain/Sealed.ts"
import { open, type Table } from "../tables/Tables.ts"

const table: Table = {
  name: "pairing_codes",
  create: (sql) =>
    sql`CREATE TABLE pairing_codes (
      device TEXT PRIMARY KEY, method TEXT NOT NULL, box TEXT NOT NULL, expires_at TEXT NOT NULL)`
}

const Row = Schema.Struct({
  method: Schema.Literals(["qr", "code"]),
  box: Schema.fromJsonString(Sealed),
  expires_at: Instant
})
const encode = Schema.encodeSync(Row)
const decode = Schema.decodeUnknownEffect(Schema.Array(Row))

/** Codes to pair with, sealed: of each device the newest that still works. */
export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* open(sql, table)
  return {
    /** Those that work no more at this moment. */
    forget: (now: Instant) => sql`DELETE FROM pairing_codes WHERE expires_at <= ${now}`,

    /** Gateways record side by side: the code that works longer is the newer one. */
    keep: (device: DeviceId, row: typeof Row.Type) => {
      const { box, expires_at, method } = encode(row)
      return sql`INSERT INTO pairing_codes (device, method, box, expires_at)
        VALUES (${device}, ${method}, ${box}, ${expires_at}) ON CONFLICT (device) DO UPDATE SET
        method = excluded.method, box = excluded.box, expires_at = excluded.expires_at
        WHERE excluded.expires_at >= pairing_codes.expires_at`
    },

    find: (device: DeviceId, now: Instant) =>
      sql`SELECT method, box, expires_at FROM pairing_codes WHERE device = ${device} AND expires_at > ${now}`.pipe(
        Effect.flatMap(decode),
        Effect.map(([row]) => row)
      ),

    remove: (device: DeviceId) => sql`DELETE FROM pairing_codes WHERE device = ${device}`
  }
})
