import { Array, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { DeviceId, defaultTenant, EventId, MessageId, SubjectId, TenantId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import { Message, reportOf } from "#domain/message/Message.ts"
import { RecipientKind } from "#domain/message/Recipient.ts"
import { contradictions, reportKinds, statusOf } from "#domain/message/Status.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { Sealed } from "#domain/Sealed.ts"
import type { RowsView, RowsWriter } from "../views/RowsView.ts"
import * as CountRows from "./CountRows.ts"
import { evolve } from "./MessageDocument.ts"
import { isOpen } from "./OpenMessages.ts"
import * as SenderRows from "./SenderRows.ts"

const Report = Schema.Struct({
  kind: Schema.Literals(reportKinds),
  attempt: Schema.Number,
  recipient: Schema.optionalKey(SubjectId),
  code: Schema.optionalKey(Schema.String)
})

/** Where it stands. */
const Standing = Schema.Struct({
  /** A number cannot hold every position. In ORDER BY, `position` alone would be this text. */
  position: Schema.BigIntFromString,
  id: MessageId,
  device: DeviceId,
  sender: Schema.NullOr(Schema.BigIntFromString),
  createdAt: Instant,
  recipients: Schema.fromJsonString(Schema.Array(SubjectId)),
  reports: Schema.fromJsonString(Schema.Array(Report))
})
export type Standing = typeof Standing.Type
const standingColumns = `CAST(position AS TEXT) AS position, id, device, CAST(sender AS TEXT) AS sender,
  created_at AS "createdAt", recipients, reports`
const decodeStandings = Schema.decodeUnknownSync(Schema.Array(Standing))

/** With what is issued again, or given up. */
const Open = Schema.Struct({ ...Standing.fields, command: EventId, expiresAt: Instant })
export type Open = typeof Open.Type
const openColumns = `${standingColumns}, command, expires_at AS "expiresAt"`
const decodeOpen = Schema.decodeUnknownSync(Schema.Array(Open))

/** With what it says, and whom it is for; personal data stays sealed. */
export const Whole = Schema.Struct({
  ...Open.fields,
  tenant: TenantId,
  updatedAt: Instant,
  queued: Schema.fromJsonString(
    Schema.Struct({
      recipient: Schema.Struct({ kind: RecipientKind, address: Sealed }),
      content: Schema.Struct({ kind: Schema.String, body: Sealed }),
      waMessageId: Schema.optionalKey(Schema.String),
      replyTo: Schema.optionalKey(Schema.String),
      tags: Schema.Record(Schema.String, Schema.String)
    })
  )
})
export const wholeColumns = `${openColumns}, tenant, updated_at AS "updatedAt", queued`

const recentCapacity = 4_096
/** Small, so that there are few different statements and each is prepared once. */
const rowsAtOnce = 32

/** A row about to be written. */
interface Draft {
  readonly standing: Standing
  readonly updatedAt: string
  /** What is written once. */
  readonly first: First
  /** What its events are counted as. */
  readonly counts: ReturnType<typeof CountRows.queued>
}

interface First {
  readonly tenant: string
  readonly command: string
  readonly expires_at: string
  readonly queued: string
}
/** Of a row that is there already: whatever stands here is not written. */
const unsaid: First = { tenant: "", command: "", expires_at: "", queued: "" }

const begun = (event: RecordedEvent, sender: bigint | null): Draft => {
  const document = evolve(Message.idOf(event.stream), undefined, event)
  const { command, content, createdAt, device, expiresAt, id, recipient, recipients, reports, ...rest } = document
  const { replyTo, tags, tenant, updatedAt, waMessageId } = rest
  const named = { ...(waMessageId !== undefined && { waMessageId }), ...(replyTo !== undefined && { replyTo }) }
  const queued: (typeof Whole.Type)["queued"] = { recipient, content, ...named, tags }
  return {
    standing: { position: event.position, id, device, sender, createdAt, recipients, reports },
    updatedAt,
    counts: CountRows.queued({ device, sender, createdAt }),
    first: { tenant, command, expires_at: expiresAt, queued: JSON.stringify(queued) }
  }
}

const reported = ({ counts, first, standing }: Draft, event: RecordedEvent): Draft => {
  const read = Message.read(event)
  if (read.type === "message.queued") throw new Error("a message is queued once")
  const { occurredAt: updatedAt } = event.metadata
  const report = reportOf(read)
  const news = CountRows.reported(standing, standing.reports, report, updatedAt)
  const reports = [...standing.reports, report]
  return { first, standing: { ...standing, reports }, updatedAt, counts: [...counts, ...news] }
}

const rowOf = ({ first, standing: { createdAt, recipients, reports, ...standing }, updatedAt }: Draft) => {
  const status = statusOf(reports, recipients)
  return {
    ...standing,
    created_at: createdAt,
    status,
    open: isOpen(status) ? 1 : 0,
    contradictions: contradictions(reports),
    recipients: JSON.stringify(recipients),
    reports: JSON.stringify(reports),
    updated_at: updatedAt,
    ...first
  }
}

const writer = (): RowsWriter => {
  // An open message is touched again soon: its verdict follows its queueing closely.
  const recent = new Map<string, Standing>()
  let written: ReadonlyArray<readonly [Standing, open: number]> = []
  const senders = SenderRows.make()
  const counts = CountRows.make()

  /** By id alone, which follows from the tenant. */
  const load = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, ids: ReadonlyArray<string>) {
    const known = new Map<string, Standing>()
    const missing: globalThis.Array<string> = []
    for (const id of ids) {
      const standing = recent.get(id)
      if (standing === undefined) missing.push(id)
      else known.set(id, standing)
    }
    if (missing.length === 0) return known
    const rows = yield* sql`SELECT ${sql.literal(standingColumns)} FROM messages
      WHERE substr(id, 1, 8) IN ${sql.in(missing.map((id) => id.slice(0, 8)))} AND ${sql.in("id", missing)}`
    for (const row of decodeStandings(rows)) known.set(row.id, row)
    return known
  })

  return {
    apply: Effect.fnUntraced(function* (sql, all) {
      yield* senders.note(sql, all.filter(SenderRows.isOfClient))
      const events = all.filter((event) => !SenderRows.isOfClient(event))
      const senderOf = yield* senders.read(
        sql,
        events.filter(({ revision }) => revision === 0)
      )
      const byId = Map.groupBy(events, ({ stream }) => Message.idOf(stream))
      const earlier = [...byId].filter(([, [first]]) => first!.revision > 0).map(([id]) => id)
      const known = yield* load(sql, earlier)
      const drafts = [...byId].map(([id, group]) => {
        const before = known.get(id)
        let draft: Draft | undefined = before && { standing: before, updatedAt: "", first: unsaid, counts: [] }
        for (const event of group) draft = draft === undefined ? begun(event, senderOf(event)) : reported(draft, event)
        return draft!
      })
      const rows = drafts.map(rowOf)
      yield* counts.add(
        sql,
        drafts.flatMap((draft) => draft.counts)
      )
      written = rows.map(({ open }, i) => [drafts[i]!.standing, open])
      for (const some of Array.chunksOf(rows, rowsAtOnce)) {
        yield* sql`INSERT INTO messages ${sql.insert(some)} ON CONFLICT (position) DO UPDATE SET
          status = excluded.status, open = excluded.open, contradictions = excluded.contradictions,
          reports = excluded.reports, updated_at = excluded.updated_at`
      }
    }),
    applied: () => {
      for (const [standing, open] of written) {
        recent.delete(standing.id)
        if (open === 1) recent.set(standing.id, standing)
        if (recent.size > recentCapacity) recent.delete(recent.keys().next().value!)
      }
      written = []
      counts.applied()
    }
  }
}

/** One row per message, by the position of its first event. */
export const view: RowsView = {
  name: "messages",
  version: 6,
  categories: ["message", "client"],
  tables: [
    { name: "messages", filledBy: "message.queued" },
    { name: SenderRows.table, filledBy: "setup" }, // with the configured key
    { name: CountRows.table, filledBy: "message.queued" }
  ],
  setup: Effect.fnUntraced(function* (sql) {
    yield* SenderRows.setup(sql)
    yield* CountRows.setup(sql)
    // only under this name is SQLite's key the row's own number
    const key = sql.literal(sql.onDialectOrElse({ pg: () => "BIGINT", orElse: () => "INTEGER" }))
    yield* sql`CREATE TABLE messages (
      position ${key} PRIMARY KEY, id TEXT NOT NULL, tenant TEXT NOT NULL, device TEXT NOT NULL, status TEXT NOT NULL,
      sender BIGINT, open INTEGER NOT NULL, contradictions INTEGER NOT NULL, recipients TEXT NOT NULL, reports TEXT NOT NULL,
      updated_at TEXT NOT NULL, command TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT NOT NULL,
      queued TEXT NOT NULL)`
    // Ids are random: each takes a page of its own to write, the fewer of them the shorter what is indexed is.
    yield* sql`CREATE INDEX messages_by_id ON messages (substr(id, 1, 8))`
    yield* sql`CREATE INDEX messages_by_status ON messages (status, position)`
    yield* sql`CREATE INDEX messages_by_device ON messages (device, position)`
    yield* sql`CREATE INDEX messages_by_device_status ON messages (device, status, position)`
    yield* sql`CREATE INDEX messages_by_sender ON messages (sender, position)`
    yield* sql`CREATE INDEX messages_by_sender_status ON messages (sender, status, position)`
    yield* sql`CREATE INDEX messages_by_sender_device ON messages (sender, device, position)`
    yield* sql`CREATE INDEX messages_open ON messages (position) WHERE open = 1`
    yield* sql`CREATE INDEX messages_contradicted ON messages (position) WHERE contradictions > 0`
  }),
  writer
}

/** Open messages, and those that are unknown, in the log's order: of these an agent may not have heard. */
export const unanswered = (sql: SqlClient.SqlClient, after: bigint, limit: number) =>
  Effect.map(
    sql`SELECT ${sql.literal(standingColumns)} FROM messages
      WHERE tenant = ${defaultTenant} AND status IN ('queued', 'attempting', 'unknown') AND position > ${after}
      ORDER BY messages.position LIMIT ${limit}`,
    decodeStandings
  )

/** Open messages in the log's order, those after `after`: what the reconciler looks at. */
export const open = (sql: SqlClient.SqlClient, after: bigint, limit: number) =>
  Effect.map(
    sql`SELECT ${sql.literal(openColumns)} FROM messages
      WHERE tenant = ${defaultTenant} AND open = 1 AND position > ${after}
      ORDER BY messages.position LIMIT ${limit}`,
    decodeOpen
  )

/** How often a report about any message denied another. */
export const contradicted = (sql: SqlClient.SqlClient) =>
  Effect.map(
    sql<{ readonly contradicted: number }>`
      SELECT CAST(COALESCE(SUM(contradictions), 0) AS INTEGER) AS contradicted FROM messages
      WHERE tenant = ${defaultTenant} AND contradictions > 0`,
    ([sum]) => sum?.contradicted ?? 0
  )

/** What is read of them by others. */
export const make = Effect.map(SqlClient.SqlClient, (sql) => ({
  open: (after: bigint, limit: number) => open(sql, after, limit)
}))
