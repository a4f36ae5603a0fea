import { Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { agentOf, type Created, Device } from "#domain/device/Device.ts"
import { connections, type Link, linkAfter, neverLinked } from "#domain/device/Link.ts"
import { AgentId, DeviceId, defaultTenant, EventId, TenantId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { Sealed } from "#domain/Sealed.ts"
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
  removal: Schema.NullOr(Schema.Literals(["asked", "done"]))
})
const columns =
  "id, CAST(position AS TEXT) AS position, tenant, transport, agent, name, named_by, connection, paired, reason, since, step, link_step, removal"
const decodeRows = Schema.decodeUnknownSync(Schema.Array(Row))

const recordsOf = (rows: ReadonlyArray<object>): DeviceRecords =>
  new Map(
    decodeRows(rows).map(({ agent, link_step: linkStep, named_by: namedBy, paired, reason, removal, ...row }) => [
      row.id,
      {
        ...row,
        agent: agent ?? undefined,
        namedBy,
        paired: paired !== 0,
        reason: reason ?? undefined,
        linkStep,
        removal: removal ?? undefined
      }
    ])
  )

const rowOf = ({ agent, linkStep, name, namedBy, paired, reason, removal, ...record }: DeviceRecord) => ({
  ...record,
  agent: agent ?? null,
  name: JSON.stringify(name),
  named_by: namedBy,
  paired: paired ? 1 : 0,
  reason: reason ?? null,
  link_step: linkStep,
  removal: removal ?? null
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
    return { id, position, tenant, transport, agent, name, namedBy, since, ...neverLinked }
  }
  if (before === undefined) throw new Error("a device's stream must begin with device.created")
  if (event.type === "device.renamed") return { ...before, name: event.data.name, namedBy: recorded.eventId }
  const link = linkAfter(before, event)
  const isSame = (["connection", "reason", "removal"] as const).every((part) => link[part] === before[part])
  return { ...before, ...link, since: isSame ? before.since : since }
}

/** One row per device. The name stays sealed. */
export const view: RowsView = {
  name: "devices",
  version: 4,
  categories: ["device"],
  tables: ["devices"],
  setup: (sql) =>
    sql`CREATE TABLE devices (
      id TEXT PRIMARY KEY, position BIGINT NOT NULL, tenant TEXT NOT NULL, transport TEXT NOT NULL, agent TEXT,
      name TEXT NOT NULL,
      named_by TEXT NOT NULL, connection TEXT NOT NULL, paired INTEGER NOT NULL, reason TEXT, since TEXT NOT NULL,
      step INTEGER NOT NULL, link_step INTEGER NOT NULL, removal TEXT)`,
  writer: () => ({
    apply: Effect.fnUntraced(function* (sql, events) {
      const ids = [...new Set(events.map(({ stream }) => Device.idOf(stream)))]
      const rows = yield* sql`SELECT ${sql.literal(columns)} FROM devices WHERE ${sql.in("id", ids)}`
      for (const record of fold(recordsOf(rows), events).values()) {
        yield* sql`INSERT INTO devices ${sql.insert(rowOf(record))} ON CONFLICT (id) DO UPDATE SET
          name = excluded.name, named_by = excluded.named_by, removal = excluded.removal,
          connection = excluded.connection, paired = excluded.paired, reason = excluded.reason, since = excluded.since,
          step = excluded.step, link_step = excluded.link_step`
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
