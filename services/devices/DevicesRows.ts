import { Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { agentOf, type Created, Device } from "#domain/device/Device.ts"
import { connections, type Link, linkAfter, neverLinked } from "#domain/device/Link.ts"
import { AgentId, DeviceId, defaultTenant, EventId, TenantId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { Sealed } from "#domain/Sealed.ts"
import { BeginningMissing } from "../views/BeginningMissing.ts"
import type { RowsView } from "../views/RowsView.ts"

/** A device as its stream tells it, the name still sealed. */
export interface DeviceRecord extends Link {
  readonly id: DeviceId
  /** Of its first event. */
  readonly position: bigint
  readonly tenant: TenantId
  readonly transport: Created["via"]["transport"]
  readonly agent: AgentId | undefined
  readonly name: Sealed
  /** The id of the event that gave it its name: the place that is bound to. */
  readonly namedBy: EventId
  /** The same of its number, if it was ever told one. */
  readonly numberedBy: EventId | undefined
  /** When it came into this connection, or its removal into this state. */
  readonly since: Instant
}
export type DeviceRecords = ReadonlyMap<DeviceId, DeviceRecord>

const Row = Schema.Struct({
  id: DeviceId,
  position: Schema.BigIntFromString,
  tenant: TenantId,
  transport: Schema.Literals(["whatsapp-web", "cloud-api"]),
  agent: Schema.NullOr(AgentId),
  name: Schema.fromJsonString(Sealed),
  named_by: EventId,
  connection: Schema.Literals(connections),
  paired: Schema.Number,
  reason: Schema.NullOr(Schema.String),
  since: Instant,
  step: Schema.Number,
  link_step: Schema.Number,
  removal: Schema.NullOr(Schema.Literals(["asked", "done"])),
  number: Schema.NullOr(Schema.fromJsonString(Schema.Struct({ asOf: Schema.Natural, number: Sealed }))),
  numbered_by: Schema.NullOr(EventId)
})
const columns =
  "id, CAST(position AS TEXT) AS position, tenant, transport, agent, name, named_by, connection, paired, reason, since, step, link_step, removal, number, numbered_by"
const decodeRows = Schema.decodeUnknownSync(Schema.Array(Row))

const recordsOf = (rows: ReadonlyArray<object>): DeviceRecords =>
  new Map(
    decodeRows(rows).map((all) => {
      const { agent, link_step: linkStep, named_by: namedBy, numbered_by: numberedBy, ...row } = all
      return [
        row.id,
        {
          ...row,
          agent: agent ?? undefined,
          namedBy,
          paired: row.paired !== 0,
          reason: row.reason ?? undefined,
          linkStep,
          removal: row.removal ?? undefined,
          number: row.number ?? undefined,
          numberedBy: numberedBy ?? undefined
        }
      ]
    })
  )

const rowOf = ({ agent, linkStep, name, namedBy, number, numberedBy, paired, ...record }: DeviceRecord) => ({
  ...record,
  agent: agent ?? null,
  name: JSON.stringify(name),
  named_by: namedBy,
  paired: paired ? 1 : 0,
  reason: record.reason ?? null,
  link_step: linkStep,
  removal: record.removal ?? null,
  number: number === undefined ? null : JSON.stringify(number),
  numbered_by: numberedBy ?? null
})

/** What the events change. */
export const fold = (before: DeviceRecords, events: ReadonlyArray<RecordedEvent>): DeviceRecords => {
  const changes = new Map<DeviceId, DeviceRecord>()
  for (const event of events) {
    const id = Device.idOf(event.stream)
    changes.set(id, evolve(id, changes.get(id) ?? before.get(id), event))
  }
  return changes
}

const evolve = (id: DeviceId, before: DeviceRecord | undefined, recorded: RecordedEvent): DeviceRecord => {
  const event = Device.read(recorded)
  const { occurredAt: since, tenant } = recorded.metadata
  if (event.type === "device.created") {
    const { name, via } = event.data
    const [transport, agent] = [via.transport, agentOf(event.data)]
    const { eventId: namedBy, position } = recorded
    return { id, position, tenant, transport, agent, name, namedBy, numberedBy: undefined, since, ...neverLinked }
  }
  if (before === undefined) throw new BeginningMissing(recorded.stream)
  if (event.type === "device.renamed") return { ...before, name: event.data.name, namedBy: recorded.eventId }
  const link = linkAfter(before, event)
  const isSame = (["connection", "reason", "removal"] as const).every((part) => link[part] === before[part])
  const numberedBy = event.type === "device.number_linked" ? recorded.eventId : before.numberedBy
  return { ...before, ...link, numberedBy, since: isSame ? before.since : since }
}

/** One row per device. The name stays sealed. */
export const view: RowsView = {
  name: "devices",
  version: 6,
  categories: ["device"],
  tables: [
    { name: "devices", filledBy: "device.created", sealed: { columns, idOf: ({ stream }) => Device.idOf(stream) } }
  ],
  setup: (sql) =>
    sql`CREATE TABLE devices (
      id TEXT PRIMARY KEY, position BIGINT NOT NULL, tenant TEXT NOT NULL, transport TEXT NOT NULL, agent TEXT,
      name TEXT NOT NULL,
      named_by TEXT NOT NULL, connection TEXT NOT NULL, paired INTEGER NOT NULL, reason TEXT, since TEXT NOT NULL,
      step INTEGER NOT NULL, link_step INTEGER NOT NULL, removal TEXT, number TEXT, numbered_by TEXT)`,
  writer: () => ({
    apply: Effect.fnUntraced(function* (sql, events) {
      const ids = [...new Set(events.map(({ stream }) => Device.idOf(stream)))]
      const rows = yield* sql`SELECT ${sql.literal(columns)} FROM devices WHERE ${sql.in("id", ids)}`
      for (const record of fold(recordsOf(rows), events).values()) {
        yield* sql`INSERT INTO devices ${sql.insert(rowOf(record))} ON CONFLICT (id) DO UPDATE SET
          name = excluded.name, named_by = excluded.named_by, removal = excluded.removal,
          connection = excluded.connection, paired = excluded.paired, reason = excluded.reason, since = excluded.since,
          step = excluded.step, link_step = excluded.link_step, number = excluded.number,
          numbered_by = excluded.numbered_by`
      }
    })
  })
}

/** Every device, in the order in which they were created. */
export const all = (sql: SqlClient.SqlClient) =>
  Effect.map(
    sql`SELECT ${sql.literal(columns)} FROM devices WHERE tenant = ${defaultTenant} ORDER BY devices.position`,
    recordsOf
  )
