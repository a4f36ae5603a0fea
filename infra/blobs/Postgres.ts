import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { BlobId } from "#domain/Ids.ts"
import { BlobDamaged, Blobs, BlobsUnavailable } from "#domain/ports/Blobs.ts"
import { creating } from "#infra/postgres/Schema.ts"
import { sealedChunks } from "./SealedChunks.ts"

const patience = "5 seconds"

const tables = (sql: SqlClient.SqlClient) =>
  Effect.andThen(
    sql`CREATE TABLE IF NOT EXISTS blobs (name TEXT PRIMARY KEY, wrapped BYTEA NOT NULL)`,
    sql`CREATE TABLE IF NOT EXISTS blob_chunks (
      name TEXT NOT NULL REFERENCES blobs ON DELETE CASCADE, n INTEGER NOT NULL, box BYTEA NOT NULL, PRIMARY KEY (name, n))`
  )

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* creating(sql, tables(sql))
  const [any] = yield* sql<{ readonly name: BlobId; readonly wrapped: Uint8Array }>`SELECT * FROM blobs LIMIT 1`
  const chunks = yield* sealedChunks("PostgreSQL", any)

  const unless = <A, E>(effect: Effect.Effect<A, E>) =>
    effect.pipe(
      Effect.timeout(patience),
      Effect.mapError((cause) => new BlobsUnavailable({ cause }))
    )

  return Blobs.of({
    put: (name, bytes) =>
      Effect.suspend(() => {
        const { boxes, wrapped } = chunks.seal(name, bytes)
        const pieces = boxes.map((box, n) => sql`SELECT ${n}::integer AS n, ${box}::bytea AS box`)
        const all = pieces.reduce((some, piece) => sql`${some} UNION ALL ${piece}`)
        return Effect.map(
          unless(sql`WITH one AS (
              INSERT INTO blobs VALUES (${name}, ${wrapped}) ON CONFLICT (name) DO NOTHING RETURNING name)
            INSERT INTO blob_chunks SELECT one.name, n, box FROM one CROSS JOIN (${all}) AS pieces RETURNING n`),
          (rows) => rows.length > 0
        )
      }),
    read: Effect.fnUntraced(function* (name) {
      const rows = yield* unless(
        sql<{ readonly wrapped: Uint8Array; readonly box: Uint8Array | null }>`SELECT wrapped, box FROM blobs
          LEFT JOIN blob_chunks USING (name) WHERE name = ${name} ORDER BY n`
      )
      if (rows.length === 0) return undefined
      const stored = { wrapped: rows[0]!.wrapped, boxes: rows.flatMap(({ box }) => box ?? []) }
      return yield* Effect.try({ try: () => chunks.open(name, stored), catch: () => new BlobDamaged({ name }) })
    }),
    destroy: (name) => Effect.asVoid(unless(sql`DELETE FROM blobs WHERE name = ${name}`)),
    ready: Effect.asVoid(unless(sql`SELECT 1 FROM blobs, blob_chunks LIMIT 0`))
  })
})

/** Blobs in PostgreSQL, for gateways that share them. */
export const layer = Layer.effect(Blobs, make)
