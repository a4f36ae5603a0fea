import { Effect, Schema } from "effect"
import type { SqlClient, SqlError } from "effect/sql"

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

/** Of several gateways that start at once one works on the tables, the others wait. All of it is done, or nothing. */
const alone = <A, E, R>(
  sql: SqlClient.SqlClient,
  work: Effect.Effect<A, E, R>
): Effect.Effect<A, E | SqlError.SqlError, R> =>
  sql.withTransaction(
    Effect.andThen(
      sql.onDialectOrElse({
        pg: () => Effect.asVoid(sql`SELECT pg_advisory_xact_lock(hashtext('homing schema'))`),
        orElse: () => Effect.void
      }),
      work
    )
  )

export const exists = (sql: SqlClient.SqlClient, table: string) =>
  Effect.map(
    sql.onDialectOrElse({
      pg: () => sql`SELECT 1 FROM pg_class WHERE oid = to_regclass(${table})`,
      orElse: () => sql`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ${table}`
    }),
    (rows) => rows.length > 0
  )

/** Makes a table what this release knows it as: creates it, migrates an older one, refuses a newer one. */
export const open = (
  sql: SqlClient.SqlClient,
  { create, migrations = [], name }: Table
): Effect.Effect<void, SqlError.SqlError | TableOfNewerRelease> =>
  alone(
    sql,
    Effect.gen(function* () {
      yield* sql`CREATE TABLE IF NOT EXISTS table_versions (name TEXT PRIMARY KEY, version INTEGER NOT NULL)`
      const [recorded] = yield* sql<{ readonly version: number }>`
        SELECT version FROM table_versions WHERE name = ${name}`
      const known = migrations.length + 1
      if (recorded !== undefined && recorded.version > known) {
        return yield* new TableOfNewerRelease({ table: name, version: recorded.version, known })
      }
      const isThere = yield* exists(sql, name)
      if (!isThere) yield* create(sql)
      const version = isThere ? (recorded?.version ?? 1) : 1 // releases before these versions wrote the first
      for (const migrate of migrations.slice(version - 1)) yield* migrate(sql)
      if (recorded?.version === known) return
      yield* sql`INSERT INTO table_versions (name, version) VALUES (${name}, ${known})
        ON CONFLICT (name) DO UPDATE SET version = excluded.version`
    })
  )
