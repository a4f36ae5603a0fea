import { Array, Effect } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { defaultTenant, type MessageId } from "#domain/Ids.ts"
import { contradictions } from "#domain/message/Status.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { View } from "../views/View.ts"
import { evolve, type SealedDocument, statusOfDocument } from "./MessageDocument.ts"
import * as OpenMessages from "./OpenMessages.ts"

type Row = {
  readonly position: bigint
  readonly id: string
  readonly tenant: string
  readonly device: string
  readonly status: string
  /** 1 while nobody has said what became of it: it waits in a queue, and the reconciler looks after it. */
  readonly open: number
  /** Reports of this message that deny each other. */
  readonly contradictions: number
  readonly document: string
}

/** A number cannot hold every position. In ORDER BY, `position` alone would be this text. */
type Stored = Omit<Row, "position"> & { readonly position: string }
const stored = "CAST(position AS TEXT) AS position, id, tenant, device, status, open, contradictions, document"

interface Entry {
  readonly row: Row
  readonly document: SealedDocument
}

/** How many messages wait to be settled, in all and by device. Follows the log with the view. */
export interface QueueDepth {
  readonly total: () => number
  readonly of: (device: string) => number
  /** Whether no agent has said yet what became of it. */
  readonly isUnanswered: (message: string) => boolean
  /** Where the oldest of them stands. */
  readonly oldest: () => OpenMessages.Place | undefined
  /** How often a report about any message denied another. */
  readonly contradictions: () => number
}

const recentCapacity = 4_096
const pageSize = 500
/** Small, so that there are few different statements and each is prepared once. */
const rowsAtOnce = 32

/** One row per message, by the position of its first event. Personal data stays sealed. */
export const make = (): { readonly view: View; readonly depth: QueueDepth } => {
  // An open message is touched again soon: its verdict follows its queueing closely.
  const recent = new Map<string, Entry>()
  let written: ReadonlyArray<Entry> = []
  const waiting = new Map<string, number>()
  let total = 0
  let contradicted = 0

  const count = (device: string, change: number) => {
    total += change
    const now = (waiting.get(device) ?? 0) + change
    if (now === 0) waiting.delete(device)
    else waiting.set(device, now)
  }

  const followed = OpenMessages.make(count)

  const countContradictions = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
    const [sum] = yield* sql<{ readonly contradicted: number }>`
      SELECT CAST(COALESCE(SUM(contradictions), 0) AS INTEGER) AS contradicted FROM messages
      WHERE tenant = ${defaultTenant} AND contradictions > 0`
    contradicted = sum?.contradicted ?? 0
  })

  /** By id alone, which follows from the tenant. */
  const load = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, ids: ReadonlyArray<string>) {
    const known = new Map<string, Entry>()
    const missing: globalThis.Array<string> = []
    for (const id of ids) {
      const entry = recent.get(id)
      if (entry === undefined) missing.push(id)
      else known.set(id, entry)
    }
    if (missing.length === 0) return known
    const rows = yield* sql<Stored>`SELECT ${sql.literal(stored)} FROM messages
      WHERE substr(id, 1, 8) IN ${sql.in(missing.map((id) => id.slice(0, 8)))} AND ${sql.in("id", missing)}`
    for (const row of rows) {
      known.set(row.id, { row: { ...row, position: BigInt(row.position) }, document: JSON.parse(row.document) })
    }
    return known
  })

  const apply = Effect.fnUntraced(function* (
    sql: SqlClient.SqlClient,
    events: Array.NonEmptyReadonlyArray<RecordedEvent>
  ) {
    const byId = new Map<string, globalThis.Array<RecordedEvent>>()
    for (const event of events) {
      const id = event.stream.slice("message-".length)
      const group = byId.get(id)
      if (group === undefined) byId.set(id, [event])
      else group.push(event)
    }
    const earlier = [...byId].filter(([, [first]]) => first!.revision > 0).map(([id]) => id)
    const known = yield* load(sql, earlier)
    written = [...byId].map(([id, group]) => {
      const before = known.get(id)
      let document = before?.document
      for (const event of group) document = evolve(id as MessageId, document, event)
      const position = before?.row.position ?? group[0]!.position
      return { row: rowOf(id, position, document!), document: document! }
    })
    const rows: ReadonlyArray<Row> = written.map(({ row }) => row)
    for (const some of Array.chunksOf(rows, rowsAtOnce)) {
      yield* sql`INSERT INTO messages ${sql.insert(some)} ON CONFLICT (position) DO UPDATE SET
        status = excluded.status, open = excluded.open, contradictions = excluded.contradictions,
        document = excluded.document`
    }
  })

  const applied = () => {
    for (const entry of written) {
      const { id, open } = entry.row
      recent.delete(id)
      if (open === 1) recent.set(id, entry)
      if (recent.size > recentCapacity) recent.delete(recent.keys().next().value!)
    }
    written = []
  }

  return {
    depth: {
      total: () => total,
      of: (device) => waiting.get(device) ?? 0,
      isUnanswered: followed.isUnanswered,
      oldest: followed.oldest,
      contradictions: () => contradicted
    },
    view: {
      name: "messages",
      version: 3,
      categories: ["message"],
      tables: ["messages"],
      setup: Effect.fnUntraced(function* (sql) {
        // only under this name is SQLite's key the row's own number
        const key = sql.literal(sql.onDialectOrElse({ pg: () => "BIGINT", orElse: () => "INTEGER" }))
        yield* sql`CREATE TABLE messages (
          position ${key} PRIMARY KEY, id TEXT NOT NULL, tenant TEXT NOT NULL, device TEXT NOT NULL, status TEXT NOT NULL,
          open INTEGER NOT NULL, contradictions INTEGER NOT NULL, document TEXT NOT NULL)`
        // Ids are random: each takes a page of its own to write, the fewer of them the shorter what is indexed is.
        yield* sql`CREATE INDEX messages_by_id ON messages (substr(id, 1, 8))`
        yield* sql`CREATE INDEX messages_by_status ON messages (status, position)`
        yield* sql`CREATE INDEX messages_by_device ON messages (device, position)`
        yield* sql`CREATE INDEX messages_by_device_status ON messages (device, status, position)`
        yield* sql`CREATE INDEX messages_open ON messages (position) WHERE open = 1`
        yield* sql`CREATE INDEX messages_contradicted ON messages (position) WHERE contradictions > 0`
      }),
      apply,
      applied,
      following: {
        hydrate: Effect.fnUntraced(function* (sql) {
          for (let after: bigint | undefined = -1n; after !== undefined; ) {
            const page: ReadonlyArray<Listed> = yield* unanswered(sql, after, pageSize)
            for (const { document, position } of page) followed.add(document.id, document, position)
            after = page.length < pageSize ? undefined : page.at(-1)!.position
          }
        }),
        follow: (events) => events.forEach(followed.follow),
        recount: countContradictions
      }
    }
  }
}

const rowOf = (id: string, position: bigint, document: SealedDocument): Row => {
  const status = statusOfDocument(document)
  return {
    position,
    id,
    tenant: document.tenant,
    device: document.device,
    status,
    open: OpenMessages.isOpen(status) ? 1 : 0,
    contradictions: contradictions(document.reports),
    document: JSON.stringify(document)
  }
}

export interface Listed {
  readonly position: bigint
  readonly document: SealedDocument
}

const listed = (rows: ReadonlyArray<Stored>): ReadonlyArray<Listed> =>
  rows.map((row) => ({ position: BigInt(row.position), document: JSON.parse(row.document) }))

/** Newest first, those before `after`. */
export const list = (
  sql: SqlClient.SqlClient,
  filter: {
    readonly status: string | undefined
    readonly device: string | undefined
    readonly after: bigint | undefined
    readonly limit: number
  }
): Effect.Effect<ReadonlyArray<Listed>, SqlError.SqlError> => {
  const conditions = [
    sql`tenant = ${defaultTenant}`,
    ...(filter.status === undefined ? [] : [sql`status = ${filter.status}`]),
    ...(filter.device === undefined ? [] : [sql`device = ${filter.device}`]),
    ...(filter.after === undefined ? [] : [sql`position < ${filter.after}`])
  ]
  return Effect.map(
    sql<Stored>`SELECT ${sql.literal(stored)} FROM messages WHERE ${sql.and(conditions)}
      ORDER BY messages.position DESC LIMIT ${filter.limit}`,
    listed
  )
}

/** Open messages, and those that are unknown, in the log's order: of these an agent may not have heard. */
const unanswered = (sql: SqlClient.SqlClient, after: bigint, limit: number) =>
  Effect.map(
    sql<Stored>`SELECT ${sql.literal(stored)} FROM messages
      WHERE tenant = ${defaultTenant} AND status IN ('queued', 'attempting', 'unknown') AND position > ${after}
      ORDER BY messages.position LIMIT ${limit}`,
    listed
  )

/** Open messages in the log's order, those after `after`: what the reconciler looks at. */
export const open = (sql: SqlClient.SqlClient, after: bigint, limit: number) =>
  Effect.map(
    sql<Stored>`SELECT ${sql.literal(stored)} FROM messages
      WHERE tenant = ${defaultTenant} AND open = 1 AND position > ${after}
      ORDER BY messages.position LIMIT ${limit}`,
    listed
  )

/** What is read of them by others. */
export const rows = Effect.map(SqlClient.SqlClient, (sql) => ({
  list: (filter: Parameters<typeof list>[1]) => list(sql, filter),
  open: (after: bigint, limit: number) => open(sql, after, limit)
}))
