import { Effect } from "effect"
import { type SqlClient, Statement } from "effect/sql"
import type { Checkpoint } from "./Rows.ts"
import type { RowsTable, RowsView } from "./RowsView.ts"
import { isSealed, Seals } from "./Seals.ts"

/**
 * Rows made anew beside those that are read meanwhile: by the same statements, in tables of other names. When they are as
 * far, they take the names.
 */

const next = (name: string) => `${name}__next`
/** What has given its name away, until it is dropped: that takes a while, and nobody has to wait for it. */
const old = (name: string) => `${name}__old`

/** Of both, since an index keeps the name that it was made with: rows made anew once more have the other one. */
const endings = ["__1", "__2"] as const

const endingFor = (sql: SqlClient.SqlClient, { tables }: RowsView) => {
  const names = tables.map(({ name }) => name)
  return Effect.map(
    sql.onDialectOrElse({
      pg: () =>
        sql<{ readonly name: string }>`SELECT indexname AS name FROM pg_indexes
          WHERE schemaname = current_schema() AND ${sql.in("tablename", names)}`,
      orElse: () =>
        sql<{
          readonly name: string
        }>`SELECT name FROM sqlite_master WHERE type = 'index' AND ${sql.in("tbl_name", names)}`
    }),
    (taken) => (taken.some(({ name }) => name.endsWith(endings[0])) ? endings[1] : endings[0])
  )
}

/** Those of a view, each of which is prepared once. */
const mostTexts = 1_000

/** Whatever runs under it means the tables beside, wherever it names one of the view's. */
const renaming = ({ tables }: RowsView, ending: string = "") => {
  const names = new Set(tables.map(({ name }) => name))
  const words = new RegExp(`\\b(?:${[...names].join("|")})\\b`, "g")
  const texts = new Map<string, string>()
  const renamed = (text: string) => {
    const known = texts.get(text)
    if (known !== undefined) return known
    const found = text.replace(/^(\s*CREATE (?:UNIQUE )?INDEX )(\w+)/, `$1$2${ending}`).replace(words, next)
    if (texts.size < mostTexts) texts.set(text, found)
    return found
  }
  const segment = (one: Statement.Segment): Statement.Segment => {
    if (one._tag === "Literal") return Statement.literal(renamed(one.value), one.params)
    return one._tag === "Identifier" && names.has(one.value) ? Statement.identifier(next(one.value)) : one
  }
  const transformer: Statement.Transformer = ({ segments }, sql) =>
    Effect.succeed(sql<object>`${Statement.fragment(segments.map(segment))}`)
  return Effect.provideService(Statement.CurrentTransformer, transformer)
}

/** The same view with its rows beside: one of its own, with its own place in the log. */
export const beside = (view: RowsView): RowsView => {
  const rename = renaming(view)
  const named = (table: RowsTable): RowsTable => ({ ...table, name: next(table.name) })
  const [first, ...others] = view.tables
  return {
    ...view,
    name: next(view.name),
    tables: [named(first), ...others.map(named)],
    setup: (sql) => Effect.flatMap(endingFor(sql, view), (ending) => renaming(view, ending)(view.setup(sql))),
    writer: () => {
      const { applied, apply } = view.writer()
      return { apply: (sql, events) => rename(apply(sql, events)), ...(applied !== undefined && { applied }) }
    }
  }
}

/**
 * Puts the rows beside in the place of the others, with their place in the log; nothing where the two do not stand at the
 * same event. In a transaction of the caller's, while nobody writes either.
 */
export const takeOver = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, view: RowsView) {
  const { seal, weigh } = yield* Seals
  const checkpoints = yield* sql<Checkpoint>`SELECT * FROM checkpoints`
  const [live, made] = [view.name, next(view.name)].map((name) => checkpoints.find((one) => one.view_name === name))
  const isReady = made?.view_version === view.version && live !== undefined && live.position === made.position
  if (!isReady) return false
  for (const { name } of view.tables) {
    yield* sql`DROP TABLE IF EXISTS ${sql(old(name))}`
    yield* sql`ALTER TABLE ${sql(name)} RENAME TO ${sql(old(name))}`
    yield* sql`ALTER TABLE ${sql(next(name))} RENAME TO ${sql(name)}`
  }
  const position = made.position === null ? undefined : BigInt(made.position)
  const own = isSealed(view) ? seal(view, { position, weight: yield* weigh(sql, view) }) : null
  yield* sql`DELETE FROM checkpoints WHERE view_name = ${view.name}`
  yield* sql`UPDATE checkpoints SET view_name = ${view.name}, seal = ${own} WHERE view_name = ${next(view.name)}`
  return true
})

/** What gave its name away, and what was begun beside rows that none is made for any more. */
const left = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  all: ReadonlyArray<RowsView>,
  making: ReadonlyArray<RowsView>
) {
  const there = yield* sql.onDialectOrElse({
    pg: () =>
      sql<{ readonly name: string }>`SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()`,
    orElse: () => sql<{ readonly name: string }>`SELECT name FROM sqlite_master WHERE type = 'table'`
  })
  const names = new Set(there.map(({ name }) => name))
  const unused = all.flatMap((view) => (making.includes(view) ? [] : view.tables.map(({ name }) => next(name))))
  const given = all.flatMap(({ tables }) => tables.map(({ name }) => old(name)))
  return [...given, ...unused].filter((name) => names.has(name))
})

/** Drops what nobody reads: left by rows that were put in the place of others, or were begun beside and given up. */
export const clear = (sql: SqlClient.SqlClient, all: ReadonlyArray<RowsView>, making: ReadonlyArray<RowsView>) =>
  Effect.gen(function* () {
    const tables = yield* left(sql, all, making)
    for (const name of tables) yield* sql`DROP TABLE ${sql(name)}`
    const unused = all.filter((view) => !making.includes(view)).map(({ name }) => next(name))
    if (unused.length > 0) yield* sql`DELETE FROM checkpoints WHERE ${sql.in("view_name", unused)}`
  })
