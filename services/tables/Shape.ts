import { Effect, Schema } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { Home } from "./Home.ts"

/** What a table has, a line each: columns, and indexes with the keys among them. */
type Shape = ReadonlyArray<string>

interface Part {
  readonly part: string
}

const partsInSqlite = (sql: SqlClient.SqlClient, table: string) => sql<Part>`
  SELECT 'the column ' || name || ' ' || type || CASE "notnull" WHEN 1 THEN ' NOT NULL' ELSE '' END
    || CASE WHEN pk > 0 THEN ' PRIMARY KEY' ELSE '' END AS part FROM pragma_table_xinfo(${table})
  UNION ALL
  SELECT COALESCE((SELECT sql FROM sqlite_master WHERE type = 'index' AND name = list.name),
    'the key on ' || (SELECT group_concat(name) FROM pragma_index_info(list.name))) AS part
  FROM pragma_index_list(${table}) AS list`

const partsInPostgres = (sql: SqlClient.SqlClient, table: string) => sql<Part>`
  SELECT 'the column ' || attname || ' ' || format_type(atttypid, atttypmod)
    || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END AS part
  FROM pg_attribute WHERE attrelid = to_regclass(${table}) AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT CASE WHEN indisprimary THEN 'the key on ' ||
      (SELECT string_agg(pg_get_indexdef(indexrelid, place, true), ',' ORDER BY place)
        FROM generate_series(1, indnkeyatts) AS place)
    ELSE pg_get_indexdef(indexrelid) END AS part
  FROM pg_index WHERE indrelid = to_regclass(${table}) AND indisvalid`

/**
 * An index's definition names the schema of its table, and may have been laid out otherwise by an earlier release; its name
 * ends otherwise where its table was made beside another.
 */
const plain = (part: string) =>
  part
    .replaceAll(/\s+/g, " ")
    .replace(
      /^CREATE (UNIQUE )?INDEX "?(\w+?)(?:__[12])?"? ON \S+ /,
      (_, unique = "", name) => `the ${unique.toLowerCase()}index ${name} `
    )

const shapeOf = (sql: SqlClient.SqlClient, table: string): Effect.Effect<Shape, SqlError.SqlError> =>
  Effect.map(
    sql.onDialectOrElse({ pg: () => partsInPostgres(sql, table), orElse: () => partsInSqlite(sql, table) }),
    (parts) => parts.map(({ part }) => plain(part))
  )

type SetUp = (sql: SqlClient.SqlClient) => Effect.Effect<unknown, SqlError.SqlError>

/** Takes back what was made to be looked at. */
class Seen extends Schema.TaggedError<Seen>()("Seen", { shapes: Schema.Array(Schema.Array(Schema.String)) }) {}

/** As temporary tables, which hide those of the same name until all of it is rolled back. */
const inPostgres = (sql: SqlClient.SqlClient, setUp: SetUp, tables: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    yield* sql`SET LOCAL search_path TO pg_temp`
    yield* setUp(sql)
    return yield* new Seen({ shapes: yield* Effect.forEach(tables, (table) => shapeOf(sql, table)) })
  }).pipe(
    sql.withTransaction,
    Effect.catchTag("Seen", ({ shapes }) => Effect.succeed(shapes))
  )

const mayTry = (sql: SqlClient.SqlClient) =>
  Effect.map(
    sql<{ readonly may: boolean }>`SELECT has_database_privilege(current_database(), 'TEMP') AS may`,
    ([row]) => row?.may === true
  )

/** As `setUp` makes them; nothing where there is no place to try it. */
const shouldBe = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, setUp: SetUp, tables: ReadonlyArray<string>) {
  const { pristine } = yield* Home
  return yield* sql.onDialectOrElse({
    pg: () => Effect.flatMap(mayTry(sql), (may) => (may ? inPostgres(sql, setUp, tables) : Effect.succeed([]))),
    orElse: () =>
      pristine === undefined
        ? Effect.succeed([])
        : Effect.scoped(
            Effect.flatMap(pristine, (own) =>
              Effect.andThen(
                setUp(own),
                Effect.forEach(tables, (table) => shapeOf(own, table))
              )
            )
          )
  })
})

export interface Lack {
  readonly table: string
  /** In words that follow "lacks". */
  readonly part: string
}

/** The first column, key or index of these tables that is not as `setUp` makes it. What there is besides does not count. */
export const lack = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  setUp: SetUp,
  tables: ReadonlyArray<string>
) {
  const wanted = yield* shouldBe(sql, setUp, tables)
  for (const [i, parts] of wanted.entries()) {
    const table = tables[i]!
    const found = yield* shapeOf(sql, table)
    const part = parts.find((one) => !found.includes(one))
    if (part !== undefined) {
      const lacking: Lack = { table, part }
      return lacking
    }
  }
  return undefined
})
