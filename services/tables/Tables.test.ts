import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { eventually } from "../../test/Homing.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import { open, type Table } from "./Tables.ts"

const first: Table = {
  name: "notes",
  create: (sql) => sql`CREATE TABLE notes (id INTEGER PRIMARY KEY, words TEXT NOT NULL)`
}
const second: Table = {
  ...first,
  migrations: [
    (sql) =>
      Effect.andThen(sql`ALTER TABLE notes ADD COLUMN length INTEGER`, sql`UPDATE notes SET length = length(words)`)
  ]
}
const third: Table = {
  ...second,
  migrations: [...second.migrations!, (sql) => sql`ALTER TABLE notes ADD COLUMN seen INTEGER NOT NULL DEFAULT 0`]
}
const write = (sql: SqlClient.SqlClient, id: number, words: string) =>
  sql`INSERT INTO notes (id, words) VALUES (${id}, ${words})`
const notes = (sql: SqlClient.SqlClient) => Effect.map(sql`SELECT * FROM notes ORDER BY id`, (rows) => [...rows])
const versions = (sql: SqlClient.SqlClient) =>
  Effect.map(sql<{ readonly name: string; readonly version: number }>`SELECT * FROM table_versions`, (rows) =>
    rows.map(({ name, version }) => [name, version])
  )

/** What holds in any database; each test has one of its own. */
const contract = <E, R>(database: Effect.Effect<SqlClient.SqlClient, E, R | Scope.Scope>) =>
  [
    [
      "a new one is what this release knows",
      Effect.gen(function* () {
        const sql = yield* database
        yield* open(sql, third)
        yield* open(sql, third)
        yield* write(sql, 1, "words")
        assert.deepEqual(yield* notes(sql), [{ id: 1, words: "words", length: null, seen: 0 }])
        assert.deepStrictEqual(yield* versions(sql), [["notes", 3]])
      })
    ],
    [
      "one from before there were versions is the first, and stays as it is",
      Effect.gen(function* () {
        const sql = yield* database
        yield* first.create(sql)
        yield* write(sql, 1, "words")
        yield* open(sql, first)
        assert.deepEqual(yield* notes(sql), [{ id: 1, words: "words" }])
        assert.deepStrictEqual(yield* versions(sql), [["notes", 1]])
      })
    ],
    [
      "an older one is migrated, by each step once",
      Effect.gen(function* () {
        const sql = yield* database
        yield* first.create(sql)
        yield* write(sql, 1, "words")
        yield* open(sql, second)
        yield* open(sql, third)
        yield* open(sql, third)
        assert.deepEqual(yield* notes(sql), [{ id: 1, words: "words", length: 5, seen: 0 }])
      })
    ],
    [
      "a migration that fails leaves it as it was",
      Effect.gen(function* () {
        const sql = yield* database
        yield* open(sql, first)
        yield* write(sql, 1, "words")
        const failing = { ...second, migrations: [...second.migrations!, () => sql`SELECT nothing FROM nowhere`] }
        yield* Effect.flip(open(sql, failing))
        assert.deepEqual(yield* notes(sql), [{ id: 1, words: "words" }])
        assert.deepStrictEqual(yield* versions(sql), [["notes", 1]])
      })
    ],
    [
      "one of a newer release is refused, and left alone",
      Effect.gen(function* () {
        const sql = yield* database
        yield* open(sql, third)
        const refused = yield* Effect.flip(open(sql, second))
        assert.match(refused.message, /^the table notes is of a newer release: its version is 3, .* none above 2\./)
        assert.deepStrictEqual(yield* versions(sql), [["notes", 3]])
      })
    ],
    [
      "one that was dropped is made again",
      Effect.gen(function* () {
        const sql = yield* database
        yield* open(sql, third)
        yield* sql`DROP TABLE notes`
        yield* open(sql, third)
        yield* write(sql, 1, "words")
        assert.deepEqual(yield* notes(sql), [{ id: 1, words: "words", length: null, seen: 0 }])
      })
    ]
  ] as const

describe("tables in SQLite", () => {
  const database = Effect.map(
    Layer.build(Layer.fresh(SqliteClient.layer(":memory:", { durability: "checkpoint" }))),
    (services) => Context.get(services, SqlClient.SqlClient)
  )
  for (const [what, holds] of contract(database)) it.effect(what, () => holds)
})

describeWith("PostgreSQL", "tables in PostgreSQL", () => {
  it.layer(Postgres.layer, { timeout: "30 seconds", excludeTestServices: true })("side by side", (it) => {
    const url = Effect.flatMap(Postgres, (server) => server.database)
    for (const [what, holds] of contract(Effect.flatMap(url, clientOf))) it.effect(what, () => holds)

    it.effect("are made by one of several gateways, while the others wait", () =>
      Effect.gen(function* () {
        const here = yield* url
        const [maker, other, onlooker] = [yield* clientOf(here), yield* clientOf(here), yield* clientOf(here)]
        const waiting = onlooker`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`
        let others: Fiber.Fiber<void, unknown> | undefined
        const slowly: Table = {
          ...first,
          create: (sql) =>
            Effect.gen(function* () {
              others = yield* Effect.forkDetach(open(other, third), { startImmediately: true })
              yield* eventually(waiting, (rows) => rows.length === 1)
              yield* first.create(sql)
            }) as ReturnType<typeof first.create>
        }
        yield* open(maker, slowly)
        yield* Fiber.join(others!)
        assert.deepStrictEqual(yield* versions(onlooker), [["notes", 3]])
      })
    )
  })
})
