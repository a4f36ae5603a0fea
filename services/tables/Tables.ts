import { Effect, Schema } from "effect"
import { type SqlClient, SqlError } from "effect/sql"
import { Home, type TableUnfit, unfit } from "./Home.ts"
import { lack } from "./Shape.ts"

type Statements = (sql: SqlClient.SqlClient) => Effect.Effect<unknown, SqlError.SqlError>

/**
 * A table beside the views. No event says what is in it, so a release that wants it otherwise changes it where it is; a
 * view is made anew instead.
 */
export interface Table {
  readonly name: string
  /** Its first version. */
  readonly create: Statements
  /** From each version to the next: a table's version is one more than there are of these. */
  readonly migrations?: ReadonlyArray<Statements>
}

/** What a newer release made of a table is not understood here, and must not be written to. */
export class TableOfNewerRelease extends Schema.TaggedError<TableOfNewerRelease>()("TableOfNewerRelease", {
  table: Schema.String,
  version: Schema.Number,
  known: Schema.Number
}) {
  override get message() {
    return (
      `the table ${this.table} is of a newer release: its version is ${this.version}, and this release knows none above ` +
      `${this.known}. Start the newer release again (docs/deploy.md, Upgrade)`
    )
  }
}

/** The database lets nobody wait for a lock for long: a minute in all. */
const patiently = {
  times: 20,
  while: (error: unknown) => SqlError.isSqlError(error) && error.reason._tag === "LockTimeoutError"
}

/** Of several gateways that start at once one works on the tables, the others wait. All of it is done, or nothing. */
export const alone = <A, E, R>(
  sql: SqlClient.SqlClient,
  work: Effect.Effect<A, E, R>
): Effect.Effect<A, E | SqlError.SqlError, R> =>
  Effect.retry(
    sql.withTransaction(
      Effect.andThen(
        sql.onDialectOrElse({
          pg: () => Effect.asVoid(sql`SELECT pg_advisory_xact_lock(hashtext('homing schema'))`),
          orElse: () => Effect.void
        }),
        work
      )
    ),
    patiently
  )

export const exists = (sql: SqlClient.SqlClient, table: string) =>
  Effect.map(
    sql.onDialectOrElse({
      pg: () => sql`SELECT 1 FROM pg_class WHERE oid = to_regclass(${table})`,
      orElse: () => sql`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ${table}`
    }),
    (rows) => rows.length > 0
  )

/** The versions of all others. It stays as it is for ever. */
const versions: Table = {
  name: "table_versions",
  create: (sql) => sql`CREATE TABLE table_versions (name TEXT PRIMARY KEY, version INTEGER NOT NULL)`
}

const refuseOtherShape = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, { name }: Table, setUp: Statements) {
  const lacking = yield* lack(sql, setUp, [name])
  if (lacking !== undefined) return yield* unfit(yield* Home, name, `it lacks ${lacking.part}`)
})

const isVersion = Schema.is(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)))

/** Releases before there were versions wrote the first. */
const versionOf = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  { migrations = [], name }: Table,
  isThere: boolean
) {
  const [recorded] = yield* sql<{ readonly version: unknown }>`SELECT version FROM table_versions WHERE name = ${name}`
  if (recorded === undefined) return 1
  const { version } = recorded
  if (!isVersion(version) && !isThere) return 1
  if (!isVersion(version)) return yield* unfit(yield* Home, name, "what table_versions says of it is no version")
  const known = migrations.length + 1
  if (version > known) return yield* new TableOfNewerRelease({ table: name, version, known })
  return isThere ? version : 1
})

/**
 * Makes a table what this release knows it as: creates it, migrates an older one, refuses a newer one, and one that is not
 * what it was made as.
 */
export const open = (
  sql: SqlClient.SqlClient,
  table: Table
): Effect.Effect<void, SqlError.SqlError | TableOfNewerRelease | TableUnfit> =>
  alone(
    sql,
    Effect.gen(function* () {
      const { create, migrations = [], name } = table
      if (!(yield* exists(sql, versions.name))) yield* versions.create(sql)
      yield* refuseOtherShape(sql, versions, versions.create)
      const isThere = yield* exists(sql, name)
      const version = yield* versionOf(sql, table, isThere)
      if (!isThere) yield* create(sql)
      for (const migrate of migrations.slice(version - 1)) yield* migrate(sql)
      yield* refuseOtherShape(sql, table, (own) =>
        Effect.andThen(
          create(own),
          Effect.forEach(migrations, (migrate) => migrate(own))
        )
      )
      const known = migrations.length + 1
      yield* sql`INSERT INTO table_versions (name, version) VALUES (${name}, ${known})
        ON CONFLICT (name) DO UPDATE SET version = excluded.version WHERE table_versions.version <> excluded.version`
    })
  )
