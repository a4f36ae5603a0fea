import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { temporaryDirectory } from "../testing/TemporaryDirectory.ts"
import * as SqliteClient from "./SqliteClient.ts"

const inMemory = SqliteClient.layer(":memory:", { durability: "checkpoint" })

describe("SqliteClient", () => {
  it.effect.each([
    ["commit", 2],
    ["checkpoint", 1]
  ] as const)("opens a write-ahead log, durable at the %s", ([durability, synchronous]) =>
    Effect.gen(function* () {
      const file = join(yield* temporaryDirectory, "test.db")
      const pragmas = Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        return [yield* sql`PRAGMA journal_mode`, yield* sql`PRAGMA synchronous`, yield* sql`PRAGMA busy_timeout`].flat()
      })
      assert.deepEqual(yield* Effect.provide(pragmas, SqliteClient.layer(file, { durability })), [
        { journal_mode: "wal" },
        { synchronous },
        { timeout: 5_000 }
      ])
    })
  )

  it.effect("keeps what is committed over a restart", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryDirectory, "test.db")
      const layer = Layer.fresh(SqliteClient.layer(file, { durability: "commit" }))
      yield* Effect.provide(
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          yield* sql`CREATE TABLE kept (n INTEGER)`
          yield* sql`INSERT INTO kept ${sql.insert({ n: 7 })}`
        }),
        layer
      )
      const kept = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT n FROM kept`)
      assert.deepEqual(yield* Effect.provide(kept, layer), [{ n: 7 }])
    })
  )

  it.effect("tells a file it cannot open", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryDirectory, "missing", "test.db")
      const built = Effect.scoped(Layer.build(SqliteClient.layer(file, { durability: "commit" })))
      const error = yield* Effect.flip(built)
      assert.strictEqual(error._tag, "DatabaseNotOpened")
      assert.strictEqual(error.file, file)
    })
  )

  it.effect("never interleaves transactions", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE counter (n INTEGER NOT NULL)`
      yield* sql`INSERT INTO counter VALUES (0)`
      const increment = Effect.gen(function* () {
        const [row] = yield* sql<{ readonly n: number }>`SELECT n FROM counter`
        // the other transactions, and plain statements, want the connection now
        for (let turn = 0; turn < 10; turn++) yield* Effect.yieldNow
        yield* sql`UPDATE counter SET n = ${row!.n + 1}`
      }).pipe(sql.withTransaction)
      yield* Effect.all(
        Array.from({ length: 20 }, () => increment),
        { concurrency: "unbounded" }
      )
      assert.deepEqual(yield* sql`SELECT n FROM counter`, [{ n: 20 }])
    }).pipe(Effect.provide(Layer.fresh(inMemory)))
  )

  it.effect("rolls back on failure and interruption, and only the inner level of a nested transaction", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE kept (n INTEGER PRIMARY KEY)`
      const insert = (n: number) => sql`INSERT INTO kept ${sql.insert({ n })}`
      yield* Effect.exit(sql.withTransaction(Effect.andThen(insert(1), Effect.fail("no"))))
      const interrupted = sql.withTransaction(Effect.andThen(insert(2), Effect.never))
      yield* Fiber.interrupt(yield* Effect.forkChild(interrupted, { startImmediately: true }))
      const inner = Effect.exit(sql.withTransaction(Effect.andThen(insert(4), Effect.fail("no"))))
      yield* sql.withTransaction(Effect.andThen(insert(3), inner))
      assert.deepEqual(yield* sql`SELECT n FROM kept`.values, [[3]])
      assert.deepEqual(yield* sql`SELECT n FROM kept`, [{ n: 3 }]) // the same cached statement, as objects again
    }).pipe(Effect.provide(Layer.fresh(inMemory)))
  )

  it.effect("binds bigints to the last bit, and reads no integer it would have to round", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE positions (position INTEGER PRIMARY KEY)`
      const largest = 2n ** 63n - 1n
      yield* sql`INSERT INTO positions ${sql.insert([{ position: 3n }, { position: largest }])}`
      assert.deepEqual(yield* sql`SELECT position FROM positions WHERE position < ${4n}`, [{ position: 3 }])
      assert.deepEqual(yield* sql`SELECT CAST(position AS TEXT) AS digits FROM positions WHERE position = ${largest}`, [
        { digits: String(largest) }
      ])
      assert.isTrue(Exit.isFailure(yield* Effect.exit(sql`SELECT position FROM positions`)))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(sql`SELECT ${largest + 1n} AS position`)))
    }).pipe(Effect.provide(Layer.fresh(inMemory)))
  )

  it.effect("sees a table that was made again", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const all = sql`SELECT * FROM view`
      yield* sql`CREATE TABLE view (a INTEGER)`
      yield* sql`INSERT INTO view VALUES (1)`
      assert.deepEqual(yield* all, [{ a: 1 }])
      yield* sql`DROP TABLE view`
      yield* sql`CREATE TABLE view (b INTEGER, c INTEGER)`
      yield* sql`INSERT INTO view VALUES (2, 3)`
      assert.deepEqual(yield* all, [{ b: 2, c: 3 }])
    }).pipe(Effect.provide(Layer.fresh(inMemory)))
  )

  it.effect("says what went wrong, and binds nothing it does not understand", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE users (name TEXT UNIQUE)`
      yield* sql`INSERT INTO users ${sql.insert({ name: "a" })}`
      const error = yield* Effect.flip(sql`INSERT INTO users ${sql.insert({ name: "a" })}`)
      assert.strictEqual(error.reason._tag, "UniqueViolation")
      assert.isTrue(Exit.isFailure(yield* Effect.exit(sql`SELECT ${new Date(0)} AS date`)))
    }).pipe(Effect.provide(Layer.fresh(inMemory)))
  )
})
