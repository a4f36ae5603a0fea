import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { type Checkpoint, positionOf } from "../views/Rows.ts"
import type { RowsView } from "../views/RowsView.ts"

/** Rows of two databases, one attached to the other. */
const live = "live"

export interface Compared {
  readonly view: string
  readonly table: string
  readonly rows: number
  /** In what was made anew, and not in the live rows. */
  readonly missing: number
  /** In the live rows, and not in what was made anew. */
  readonly extra: number
}

const Counted = Schema.Array(Schema.Struct({ n: Schema.Number }))
const decode = Schema.decodeUnknownSync(Counted)

export const make = Effect.map(SqlClient.SqlClient, (sql) => {
  const count = (from: string) =>
    Effect.map(sql`SELECT COUNT(*) AS n FROM ${sql.literal(from)}`, (rows) => decode(rows)[0]?.n ?? 0)
  /** As they are named in both: `SELECT *` would go by their order. */
  const columnsOf = (table: string) =>
    Effect.map(sql<{ readonly name: string }>`SELECT name FROM pragma_table_xinfo(${table})`, (rows) =>
      rows.map(({ name }) => `"${name}"`)
    )
  /** What was written as it happened has its members in another order than what was read from the log. */
  const inOrder = (column: string) =>
    `CASE WHEN substr(${column}, 1, 1) IN ('{', '[') AND json_valid(${column}) THEN canonical_json(${column}) ELSE ${column} END`

  const differences = Effect.fnUntraced(function* (table: string, columns: ReadonlyArray<string>) {
    const [made, there] = ["main", live].map((where) => `SELECT ${columns.join(", ")} FROM ${where}.${table}`)
    return {
      missing: yield* count(`(${made} EXCEPT ${there})`),
      extra: yield* count(`(${there} EXCEPT ${made})`)
    }
  })

  return {
    /** In one transaction. */
    together: sql.withTransaction,

    /** A file in which somebody else may be writing. */
    attach: (file: string) => sql`ATTACH ${`file:${encodeURI(file)}?mode=ro`} AS live`,

    /** Where the live rows of each view stand, if they are of its version. */
    standing: (views: ReadonlyArray<RowsView>) =>
      Effect.map(sql<Checkpoint>`SELECT * FROM live.checkpoints`, (checkpoints) =>
        views.map((view) => {
          const found = checkpoints.find(({ view_name }) => view_name === view.name)
          return { view, position: found?.view_version === view.version ? positionOf(found) : undefined }
        })
      ),

    tables: Effect.fnUntraced(function* ({ name: view, tables }: RowsView) {
      return yield* Effect.forEach(
        tables,
        Effect.fnUntraced(function* ({ name: table }) {
          const columns = yield* columnsOf(table)
          const found = yield* differences(table, columns)
          const isSame = found.missing + found.extra === 0
          const compared: Compared = {
            view,
            table,
            rows: yield* count(`main.${table}`),
            ...(isSame ? found : yield* differences(table, columns.map(inOrder)))
          }
          return compared
        })
      )
    })
  }
})
