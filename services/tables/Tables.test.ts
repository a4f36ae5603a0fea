import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, type Scope } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { eventually } from "../../test/Homing.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import { Home } from "./Home.ts"
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
const indexed: Table = {
  name: "notes",
  create: (sql) =>
    Effect.andThen(
      first.create(sql),
      sql`CREATE INDEX notes_short ON notes (words) WHERE id < 9`.pipe(
        Effect.andThen(sql`CREATE UNIQUE INDEX notes_once ON notes (substr(words, 1, 2), id)`)
      )
    )
}
/** What somebody did to it, and what the refusal says. */
const spoilt: ReadonlyArray<
  readonly [(sql: SqlClient.SqlClient) => Effect.Effect<unknown, SqlError.SqlError>, RegExp]
> = [
  [(sql) => sql`DROP INDEX notes_short`, /it lacks the index notes_short /],
  [(sql) => sql`DROP INDEX notes_once`, /it lacks the unique index notes_once /],
  [
    (sql) =>
      Effect.andThen(sql`DROP INDEX notes_once`, sql`CREATE INDEX notes_once ON notes (substr(words, 1, 2), id)`),
    /it lacks the unique index notes_once /
  ],
  [
    (sql) => Effect.andThen(sql`DROP INDEX notes_short`, sql`CREATE INDEX notes_short ON notes (words) WHERE id < 8`),
    /it lacks the index notes_short /
  ],
  [(sql) => sql`ALTER TABLE notes RENAME COLUMN words TO word`, /it lacks the column words (TEXT|text) NOT NULL/],
  [
    (sql) => Effect.andThen(sql`DROP TABLE notes`, sql`CREATE TABLE notes (id INTEGER, words TEXT NOT NULL)`),
    /it lacks the (column id INTEGER PRIMARY KEY|column id integer NOT NULL)/
  ],
  [(sql) => sql`UPDATE table_versions SET version = 0`, /what table_versions says of it is no version/],
  [(sql) => sql`UPDATE table_versions SET version = -3`, /what table_versions says of it is no version/]
]
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
    ],
    [
      "one that is not what was made is refused, with its place and a way out",
      Effect.gen(function* () {
        for (const [spoil, words] of spoilt) {
          const sql = yield* database
          yield* open(sql, indexed)
          yield* open(sql, indexed)
          yield* write(sql, 1, "words")
          yield* spoil(sql)
          const { message } = yield* Effect.flip(open(sql, indexed))
          assert.match(message, /^the table notes in the place cannot be used: .*\. Delete notes$/)
          assert.match(message, words)
          yield* sql`DROP TABLE notes`
          yield* open(sql, indexed)
        }
      })
    ],
    [
      "what somebody added is none of our business",
      Effect.gen(function* () {
        const sql = yield* database
        yield* open(sql, third)
        yield* sql`ALTER TABLE notes ADD COLUMN theirs TEXT`
        yield* sql`CREATE INDEX theirs ON notes (length)`
        yield* open(sql, third)
      })
    ],
    [
      "and so is the one that keeps the versions",
      Effect.gen(function* () {
        const sql = yield* database
        yield* open(sql, first)
        yield* sql`ALTER TABLE table_versions RENAME COLUMN version TO versions`
        const { message } = yield* Effect.flip(open(sql, first))
        assert.match(message, /^the table table_versions in the place cannot be used: it lacks the column version /)
      })
    ]
  ] as const

const home = { name: "the place", remedy: (table: string) => `Delete ${table}`, pristine: SqliteClient.inMemory }

describe("tables in SQLite", () => {
  const database = Effect.map(
    Layer.build(Layer.fresh(SqliteClient.layer(":memory:", { durability: "checkpoint" }))),
    (services) => Context.get(services, SqlClient.SqlClient)
  )
  for (const [what, holds] of contract(database)) it.effect(what, () => Effect.provideService(holds, Home, home))

  it.effect("a version that is no number is refused", () =>
    Effect.gen(function* () {
      const sql = yield* database
      yield* open(sql, first)
      yield* sql`UPDATE table_versions SET version = 'x'`
      assert.match((yield* Effect.flip(open(sql, first))).message, /what table_versions says of it is no version/)
    })
  )
})

describeWith("PostgreSQL", "tables in PostgreSQL", () => {
  it.layer(Postgres.layer, { excludeTestServices: true })("side by side", (it) => {
    const url = Effect.flatMap(Postgres, (server) => server.database)
    for (const [what, holds] of contract(Effect.flatMap(url, clientOf)))
      it.effect(what, () => Effect.provideService(holds, Home, { ...home, pristine: undefined }))

    it.effect("are made by one of several gateways, while the others wait, longer than for any other lock", () =>
      Effect.gen(function* () {
        const here = yield* url
        const [maker, other, onlooker] = [yield* clientOf(here), yield* clientOf(here), yield* clientOf(here)]
        for (const sql of [other, onlooker]) yield* sql`SELECT 1` // connected before the maker waits for them
        const waiting = onlooker`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`
        let others: Fiber.Fiber<void, unknown> | undefined
        const slowly: Table = {
          ...first,
          create: (sql) =>
            Effect.gen(function* () {
              others = yield* Effect.forkDetach(open(other, third), { startImmediately: true })
              yield* eventually(waiting, (rows) => rows.length === 1)
              for (let second = 0; second < 4; second++) yield* sql`SELECT pg_sleep(1)`
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
