import { type Array, Effect, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { categories } from "#domain/Aggregates.ts"
import { linkAfter, noLink } from "#domain/audit/Link.ts"
import { hashAt, rootWithin, tileWidth } from "#domain/audit/Tiles.ts"
import { hashBytes } from "#domain/audit/Tree.ts"
import { concat } from "#domain/Bytes.ts"
import { type Hash, leafHash } from "#domain/MerkleTree.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { RowsView } from "../views/RowsView.ts"
import { entryOf } from "./Entry.ts"

/**
 * The audit tree: every event of the log is a leaf. On level 0 a row holds the leaves of the events that were written
 * together, one row however many; on the levels above, one for each whole tile below. `place`: the position of the row's
 * last event; `steps`: how far each stands behind the one before; `link`: the chain after the last of them.
 */

const view = "audit"

const Row = Schema.Struct({
  first: Schema.NumberFromString,
  count: Schema.Number,
  place: Schema.NullOr(Schema.BigIntFromString),
  steps: Schema.NullOr(Schema.String),
  hashes: Schema.Uint8ArrayFromBase64,
  link: Schema.NullOr(Schema.Uint8ArrayFromBase64)
})
type Row = typeof Row.Type
const rowsIn = Schema.decodeUnknownSync(Schema.Array(Row))

const columns = (sql: SqlClient.SqlClient) =>
  sql.literal("CAST(audit_tree.first AS TEXT) AS first, count, CAST(place AS TEXT) AS place, steps, hashes, link")

type Found<A> = Effect.Effect<A, SqlError.SqlError>

/** The last row of leaves; `undefined` in an empty tree. */
const lastOf = (sql: SqlClient.SqlClient): Found<Row | undefined> =>
  Effect.map(
    sql`SELECT ${columns(sql)} FROM audit_tree WHERE level = 0 ORDER BY audit_tree.first DESC LIMIT 1`,
    (rows) => rowsIn(rows)[0]
  )

/** How many leaves there are, where the last of them stands in the log, and the chain behind it. */
const stand = (sql: SqlClient.SqlClient) =>
  Effect.map(lastOf(sql), (last) => ({
    size: last === undefined ? 0 : last.first + last.count,
    position: last?.place ?? undefined,
    link: last?.link ?? noLink
  }))

export const standing = Effect.map(SqlClient.SqlClient, stand)

/** Rows of a level that hold hashes from `start` up to and without `end`. */
const rowsBetween = (sql: SqlClient.SqlClient, level: number, start: number, end: number) =>
  Effect.map(
    sql`SELECT ${columns(sql)} FROM audit_tree WHERE level = ${level} AND first < ${end} AND first >= COALESCE(
      (SELECT MAX(first) FROM audit_tree WHERE level = ${level} AND first <= ${start}), 0) ORDER BY audit_tree.first`,
    rowsIn
  )

/** Hashes of a level, one after the other: fewer than asked for where there are no more. */
export const hashesBetween = (sql: SqlClient.SqlClient, level: number, start: number, end: number): Found<Uint8Array> =>
  Effect.map(rowsBetween(sql, level, start, end), (rows) => {
    const whole = concat(...rows.map(({ hashes }) => hashes))
    const from = rows[0]?.first ?? start
    return whole.slice((start - from) * hashBytes, (end - from) * hashBytes)
  })

/** A leaf as it was noted, and the chain behind it. */
export interface Noted {
  readonly leaf: Uint8Array
  readonly link: Uint8Array
}

/** Those of a row; a link that was written stands as it was, also where it does not follow. */
const notedIn = (hash: Hash, before: Uint8Array, { count, hashes, link: written }: Row): ReadonlyArray<Noted> => {
  let link = before
  return globalThis.Array.from({ length: count }, (_, i) => {
    const leaf = hashAt(hashes, i)
    link = i === count - 1 && written !== null ? written : linkAfter(hash, link, leaf)
    return { leaf, link }
  })
}

/** Leaves from `start` up to and without `end`, and where the event before the first of them stands in the log. */
export const leavesFrom = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  hash: Hash,
  start: number,
  end: number
) {
  const rows = yield* rowsBetween(sql, 0, start, end)
  const from = rows[0]?.first ?? start
  const [before] = yield* Effect.map(
    sql`SELECT ${columns(sql)} FROM audit_tree WHERE level = 0 AND first < ${from} ORDER BY audit_tree.first DESC LIMIT 1`,
    rowsIn
  )
  const noted: globalThis.Array<Noted> = []
  for (const row of rows) noted.push(...notedIn(hash, noted.at(-1)?.link ?? before?.link ?? noLink, row))
  const position = start === from ? (before?.place ?? undefined) : rows.flatMap(placesIn)[start - from - 1]
  return { noted: noted.slice(start - from, end - from), position }
})

const placesIn = ({ place, steps }: Row): ReadonlyArray<bigint> => {
  const behind = (steps ?? "").split(",").map(BigInt)
  let at = place! - behind.reduce((sum, step) => sum + step, 0n)
  return behind.map((step) => {
    at += step
    return at
  })
}

/** Which leaf the event at this position is; `undefined` where none stands, or it is not in the tree yet. */
export const indexOf = (sql: SqlClient.SqlClient, position: bigint): Found<number | undefined> =>
  Effect.map(
    sql`SELECT ${columns(sql)} FROM audit_tree WHERE audit_tree.place >= CAST(${position} AS BIGINT)
      ORDER BY audit_tree.place LIMIT 1`,
    (rows) => {
      const [row] = rowsIn(rows)
      const at = row === undefined ? -1 : placesIn(row).indexOf(position)
      return at < 0 ? undefined : row!.first + at
    }
  )

/** What a writer goes on from: the end of each level. */
interface Edge {
  readonly size: number
  readonly position: bigint
  readonly link: Uint8Array
  /** By level, the hashes of the tile that is not whole yet. */
  readonly partial: ReadonlyArray<Uint8Array>
}

const edgeOf = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const { link, position = 0n, size } = yield* stand(sql)
  const partial: globalThis.Array<Uint8Array> = []
  for (let [level, count] = [0, size]; count > 0; [level, count] = [level + 1, Math.floor(count / tileWidth)]) {
    partial.push(yield* hashesBetween(sql, level, count - (count % tileWidth), count))
  }
  return { size, position, link, partial } satisfies Edge
})

/** A level's new hashes, from `first` on. */
interface Growth {
  readonly first: number
  readonly hashes: Uint8Array
}

/** What each level gains by these hashes on the lowest, and the tiles that are left unfinished. */
const grown = (hash: Hash, { partial, size }: Edge, leaves: Uint8Array) => {
  const growths: globalThis.Array<Growth> = []
  const unfinished = [...partial]
  let [first, added] = [size, leaves]
  for (let level = 0; added.length > 0; level++) {
    growths.push({ first, hashes: added })
    const open = concat(unfinished[level] ?? new Uint8Array(0), added)
    const whole = Math.floor(open.length / (tileWidth * hashBytes))
    unfinished[level] = open.slice(whole * tileWidth * hashBytes)
    added = concat(
      ...globalThis.Array.from({ length: whole }, (_, i) => rootWithin(hash, open, i * tileWidth, tileWidth))
    )
    first = Math.floor(first / tileWidth)
  }
  return { growths, unfinished }
}

const append = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  hash: Hash,
  edge: Edge,
  events: Array.NonEmptyReadonlyArray<RecordedEvent>
) {
  const each = events.map((event) => leafHash(hash, entryOf(event)))
  const leaves = concat(...each)
  const { growths, unfinished } = grown(hash, edge, leaves)
  const link = each.reduce((before, leaf) => linkAfter(hash, before, leaf), edge.link)
  let { position } = edge
  const steps = events.map((event) => {
    const step = event.position - position
    position = event.position
    return String(step)
  })
  const rows = growths.map(({ first, hashes }, level) => ({
    level,
    first,
    count: hashes.length / hashBytes,
    place: level === 0 ? position : null,
    steps: level === 0 ? steps.join(",") : null,
    hashes: hashes.toBase64(),
    link: level === 0 ? link.toBase64() : null
  }))
  yield* Effect.forEach(rows, (row) => sql`INSERT INTO audit_tree ${sql.insert(row)}`, { discard: true })
  return { size: edge.size + events.length, position, link, partial: unfinished } satisfies Edge
})

export const treeView = (hash: Hash): RowsView => ({
  name: view,
  version: 1,
  categories: categories as Array.NonEmptyReadonlyArray<string>,
  unreleased: true,
  batched: true,
  tables: [{ name: "audit_tree", filledBy: "store.opened" }],
  setup: (sql) =>
    Effect.andThen(
      sql`CREATE TABLE audit_tree (level INTEGER NOT NULL, first BIGINT NOT NULL, count INTEGER NOT NULL, place BIGINT,
        steps TEXT, hashes TEXT NOT NULL, link TEXT, PRIMARY KEY (level, first))`,
      sql`CREATE INDEX audit_tree_by_place ON audit_tree (place)`
    ),
  writer: () => {
    let edge: Edge | undefined
    let written: Edge | undefined
    return {
      apply: Effect.fnUntraced(function* (sql, events) {
        edge ??= yield* edgeOf(sql)
        written = yield* append(sql, hash, edge, events)
      }),
      applied: () => {
        edge = written
      }
    }
  }
})
