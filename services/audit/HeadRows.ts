import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { open, type Table } from "../tables/Tables.ts"

/** What was signed of the tree, and who has cosigned it: no event says it, and it is what a log that was put back is held against. */

const headsTable: Table = {
  name: "audit_heads",
  create: (sql) => sql`CREATE TABLE audit_heads (size BIGINT PRIMARY KEY, note TEXT NOT NULL, signed_at TEXT NOT NULL)`
}
const cosignaturesTable: Table = {
  name: "audit_cosignatures",
  create: (sql) => sql`CREATE TABLE audit_cosignatures (size BIGINT NOT NULL, witness TEXT NOT NULL, line TEXT NOT NULL,
    PRIMARY KEY (size, witness))`
}

/** Older heads and cosignatures are forgotten. */
const kept = 1_000

const Head = Schema.Struct({ size: Schema.NumberFromString, note: Schema.String, signed_at: Schema.String })
const headsIn = Schema.decodeUnknownSync(Schema.Array(Head))
const linesIn = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ line: Schema.String })))

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* open(sql, headsTable)
  yield* open(sql, cosignaturesTable)
  const columns = sql.literal("CAST(size AS TEXT) AS size, note, signed_at")

  const forgetOld = (table: string) => {
    const of = sql.literal(table)
    return sql`DELETE FROM ${of} WHERE size < (SELECT MIN(size) FROM
      (SELECT DISTINCT size FROM ${of} ORDER BY size DESC LIMIT ${kept}) AS newest)`
  }
  const of = (size: number) =>
    Effect.map(sql`SELECT ${columns} FROM audit_heads WHERE audit_heads.size = ${size}`, (rows) => headsIn(rows)[0])

  return {
    newest: Effect.map(
      sql`SELECT ${columns} FROM audit_heads ORDER BY audit_heads.size DESC LIMIT 1`,
      (rows) => headsIn(rows)[0]
    ),
    of,
    /** Of two that sign one size at once the first is right: answers its note. */
    keep: Effect.fnUntraced(function* (size: number, note: string, signedAt: string) {
      yield* sql`INSERT INTO audit_heads (size, note, signed_at) VALUES (${size}, ${note}, ${signedAt})
        ON CONFLICT (size) DO NOTHING`
      yield* forgetOld("audit_heads")
      return (yield* of(size))!
    }),
    cosignatures: (size: number) =>
      Effect.map(sql`SELECT line FROM audit_cosignatures WHERE size = ${size} ORDER BY witness`, (rows) =>
        linesIn(rows).map(({ line }) => line)
      ),
    cosignature: (size: number, witness: string) =>
      Effect.map(
        sql`SELECT line FROM audit_cosignatures WHERE size = ${size} AND witness = ${witness}`,
        (rows) => linesIn(rows)[0]?.line
      ),
    /** A witness' word for this size, in place of an older one. `witness` names it and its key. */
    cosign: Effect.fnUntraced(function* (size: number, witness: string, line: string) {
      yield* sql`INSERT INTO audit_cosignatures (size, witness, line) VALUES (${size}, ${witness}, ${line})
        ON CONFLICT (size, witness) DO UPDATE SET line = excluded.line`
      yield* forgetOld("audit_cosignatures")
    })
  }
})
