import { Effect } from "effect"
import { Device, type DeviceState } from "#domain/device/Device.ts"
import type { Connection } from "#domain/device/Link.ts"
import { type AgentId, DeviceId, defaultTenant, type EventId, type TenantId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { Sealed } from "#domain/Sealed.ts"
import type { View } from "../views/View.ts"

/** A device as its stream tells it, the name still sealed. */
export interface DeviceRecord {
  readonly id: DeviceId
  readonly tenant: TenantId
  readonly agent: AgentId
  readonly name: Sealed
  /** The id of `device.created`: the place the name is bound to. */
  readonly created: EventId
  readonly connection: Connection
  readonly paired: boolean
  readonly reason: string | undefined
  readonly since: Instant
}

/** All devices, in memory: there are few, and every send asks for one. */
export type DeviceRegistry = ReadonlyMap<DeviceId, DeviceRecord>

type Row = { readonly id: string; readonly position: string; readonly record: string; readonly state: string }

interface Entry {
  readonly position: bigint
  readonly record: DeviceRecord
  readonly state: DeviceState
}

const columns = "id, CAST(position AS TEXT) AS position, record, state"

export const make = (): { readonly view: View; readonly registry: DeviceRegistry } => {
  const entries = new Map<string, Entry>()
  const registry = new Map<DeviceId, DeviceRecord>()

  const commit = (changes: Entries) => {
    for (const [id, entry] of changes) {
      entries.set(id, entry)
      registry.set(entry.record.id, entry.record)
    }
  }

  return {
    registry,
    view: {
      name: "devices",
      version: 2,
      categories: ["device"],
      tables: ["devices"],
      setup: (sql) =>
        sql`CREATE TABLE devices (
          id TEXT PRIMARY KEY, tenant TEXT NOT NULL, position BIGINT NOT NULL, record TEXT NOT NULL, state TEXT NOT NULL)`,
      apply: Effect.fnUntraced(function* (sql, events) {
        const ids = [...new Set(events.map(idOf))]
        const rows = yield* sql<Row>`SELECT ${sql.literal(columns)} FROM devices WHERE ${sql.in("id", ids)}`
        for (const [id, { position, record, state }] of fold(entriesOf(rows), events)) {
          const { tenant } = record
          const row = { id, tenant, position, record: JSON.stringify(record), state: JSON.stringify(portable(state)) }
          yield* sql`INSERT INTO devices ${sql.insert(row)}
            ON CONFLICT (id) DO UPDATE SET record = excluded.record, state = excluded.state`
        }
      }),
      following: {
        hydrate: Effect.fnUntraced(function* (sql) {
          const rows = yield* sql<Row>`SELECT ${sql.literal(columns)} FROM devices
            WHERE tenant = ${defaultTenant} ORDER BY devices.position`
          commit(entriesOf(rows))
        }),
        follow: (events) => commit(fold(entries, events))
      }
    }
  }
}

type Entries = ReadonlyMap<string, Entry>

const idOf = ({ stream }: RecordedEvent) => stream.slice("device-".length)

/** What the events change. */
const fold = (before: Entries, events: ReadonlyArray<RecordedEvent>): Entries => {
  const changes = new Map<string, Entry>()
  for (const event of events) {
    const id = idOf(event)
    changes.set(id, evolve(DeviceId.make(id), changes.get(id) ?? before.get(id), event))
  }
  return changes
}

const evolve = (id: DeviceId, before: Entry | undefined, recorded: RecordedEvent): Entry => {
  const event = Device.read(recorded)
  const state = Device.evolve(before?.state ?? Device.initialState, event)
  if (state._tag === "Nothing") throw new Error("a device's stream must begin with device.created")
  const { connection, paired, reason } = state
  const { occurredAt, tenant } = recorded.metadata
  if (event.type === "device.created") {
    const { agent, name } = event.data
    const created = recorded.eventId
    const record = { id, tenant, agent, name, created, connection, paired, reason, since: occurredAt }
    return { position: recorded.position, state, record }
  }
  const { position, record } = before!
  const same = record.connection === connection && record.reason === reason
  return { position, state, record: { ...record, connection, paired, reason, since: same ? record.since : occurredAt } }
}

/** Sets are arrays in JSON. */
const portable = (state: DeviceState) => (state._tag === "Nothing" ? state : { ...state, ahead: [...state.ahead] })

const entriesOf = (rows: ReadonlyArray<Row>): Entries =>
  new Map(
    rows.map((row) => {
      const state = JSON.parse(row.state)
      const position = BigInt(row.position)
      return [row.id, { position, record: JSON.parse(row.record), state: { ...state, ahead: new Set(state.ahead) } }]
    })
  )
