import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { type Connection, Device, type DeviceState, readDeviceEvent } from "#domain/device/Device.ts"
import { type AgentId, DeviceId, type EventId, type TenantId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import type { Sealed } from "#domain/privacy/Sealed.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { View } from "./View.ts"

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

export const make = (): { readonly view: View; readonly registry: DeviceRegistry } => {
  const entries = new Map<string, Entry>()
  const registry = new Map<DeviceId, DeviceRecord>()
  let changed: ReadonlyMap<string, Entry> = new Map()

  const commit = (changes: ReadonlyMap<string, Entry>) => {
    for (const [id, entry] of changes) {
      entries.set(id, entry)
      registry.set(entry.record.id, entry.record)
    }
  }

  const fold = (events: ReadonlyArray<RecordedEvent>): ReadonlyMap<string, Entry> => {
    const changes = new Map<string, Entry>()
    for (const event of events) {
      const id = event.stream.slice("device-".length)
      changes.set(id, evolve(DeviceId.make(id), changes.get(id) ?? entries.get(id), event))
    }
    return changes
  }

  const hydrate = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
    const rows = yield* sql<Row>`SELECT id, CAST(position AS TEXT) AS position, record, state FROM devices
      ORDER BY devices.position`
    commit(new Map(rows.map((row) => [row.id, entryOf(row)])))
  })

  return {
    registry,
    view: {
      name: "devices",
      version: 1,
      categories: ["device"],
      tables: ["devices"],
      setup: (sql) =>
        sql`CREATE TABLE devices (id TEXT PRIMARY KEY, position BIGINT NOT NULL, record TEXT NOT NULL, state TEXT NOT NULL)`,
      hydrate,
      apply: Effect.fnUntraced(function* (sql, events) {
        const changes = fold(events)
        for (const [id, { position, record, state }] of changes) {
          const row = { id, position, record: JSON.stringify(record), state: JSON.stringify(portable(state)) }
          yield* sql`INSERT INTO devices ${sql.insert(row)}
            ON CONFLICT (id) DO UPDATE SET record = excluded.record, state = excluded.state`
        }
        changed = changes
      }),
      applied: () => {
        commit(changed)
        changed = new Map()
      },
      following: { hydrate, follow: (events) => commit(fold(events)) }
    }
  }
}

const evolve = (id: DeviceId, before: Entry | undefined, recorded: RecordedEvent): Entry => {
  const event = readDeviceEvent(recorded)
  const state = Device.evolve(before?.state ?? Device.initialState, event)
  if (state._tag === "Nothing") throw new Error("a device's stream must begin with device.created")
  const { connection, paired, reason } = state
  const { occurredAt, tenant } = recorded.metadata
  if (event.type === "device.created.v1") {
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

const entryOf = (row: Row): Entry => {
  const state = JSON.parse(row.state)
  return {
    position: BigInt(row.position),
    record: JSON.parse(row.record),
    state: { ...state, ahead: new Set(state.ahead) }
  }
}
