import { Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { disablings, Endpoint, formats } from "#domain/delivery/Endpoint.ts"
import { DeviceId, defaultTenant, EndpointId, EventId, TenantId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { Sealed } from "#domain/Sealed.ts"
import type { RowsView } from "../views/RowsView.ts"

const Signing = Schema.Struct({
  id: Schema.String,
  publicKey: Schema.String,
  box: Sealed,
  /** The event in which it was sealed. */
  sealedBy: EventId,
  /** Until when it signs; `null`: it is the newest. */
  until: Schema.NullOr(Instant)
})

/** An endpoint as its stream tells it; what is sealed still is. */
const Record = Schema.Struct({
  id: EndpointId,
  tenant: TenantId,
  url: Sealed,
  /** The event in which the address was sealed. */
  urlBy: EventId,
  types: Schema.Array(Schema.String),
  device: Schema.NullOr(DeviceId),
  personal: Schema.Boolean,
  format: Schema.optionalKey(Schema.Literals(formats)),
  timeoutMillis: Schema.optionalKey(Schema.Natural),
  /** Newest first. */
  secrets: Schema.Array(Signing),
  /** Why nothing is told to it, if so. */
  disabled: Schema.NullOr(Schema.Literals(disablings)),
  /** Created, enabled or moved last by this event: what came of an attempt before it says nothing of the endpoint. */
  aimedBy: EventId,
  aimedAt: Instant,
  createdAt: Instant
})
export type EndpointRecord = typeof Record.Type
export type EndpointRecords = ReadonlyMap<EndpointId, EndpointRecord>

/** What an event makes of it; `undefined`: it is no more. */
export const evolve = (before: EndpointRecord | undefined, recorded: RecordedEvent): EndpointRecord | undefined => {
  const event = Endpoint.read(recorded)
  const { eventId } = recorded
  const { occurredAt, tenant } = recorded.metadata
  const aim = { aimedBy: eventId, aimedAt: occurredAt }
  if (event.type === "endpoint.created") {
    const { secret, ...wanted } = event.data
    const id = Endpoint.idOf(recorded.stream)
    const secrets = [{ ...secret, sealedBy: eventId, until: null }]
    return { ...wanted, ...aim, id, tenant, urlBy: eventId, secrets, disabled: null, createdAt: occurredAt }
  }
  if (before === undefined) return undefined
  switch (event.type) {
    case "endpoint.updated":
      return { ...before, ...event.data, ...(event.data.url !== undefined && { ...aim, urlBy: eventId }) }
    case "endpoint.secret_rotated": {
      const [newest] = before.secrets
      const secrets = [
        { ...event.data.secret, sealedBy: eventId, until: null },
        ...(newest === undefined ? [] : [{ ...newest, until: event.data.until }])
      ]
      return { ...before, secrets }
    }
    case "endpoint.disabled":
      return { ...before, disabled: event.data.reason }
    case "endpoint.enabled":
      return { ...before, ...aim, disabled: null }
    case "endpoint.removed":
      return undefined
  }
}

const decode = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ record: Schema.fromJsonString(Record) })))

const found = (sql: SqlClient.SqlClient, id: EndpointId) =>
  Effect.map(sql`SELECT record FROM endpoints WHERE id = ${id}`, (rows) => decode(rows)[0]?.record)

/** One row per endpoint. There are few. */
export const view: RowsView = {
  name: "endpoints",
  version: 3,
  categories: [Endpoint.category],
  tables: [
    {
      name: "endpoints",
      filledBy: "endpoint.created",
      emptiedBy: "endpoint.removed",
      sealed: {
        columns: "id, CAST(position AS TEXT) AS position, tenant, record",
        idOf: ({ stream }) => Endpoint.idOf(stream)
      }
    }
  ],
  setup: (sql) => sql`CREATE TABLE endpoints (
    id TEXT PRIMARY KEY, position BIGINT NOT NULL, tenant TEXT NOT NULL, record TEXT NOT NULL)`,
  writer: () => ({
    apply: Effect.fnUntraced(function* (sql, events) {
      for (const event of events) {
        const id = Endpoint.idOf(event.stream)
        const record = evolve(yield* found(sql, id), event)
        if (record === undefined) yield* sql`DELETE FROM endpoints WHERE id = ${id}`
        else {
          yield* sql`INSERT INTO endpoints (id, position, tenant, record)
            VALUES (${id}, ${event.position}, ${record.tenant}, ${JSON.stringify(record)})
            ON CONFLICT (id) DO UPDATE SET record = excluded.record`
        }
      }
    })
  })
}

/** Every endpoint, oldest first. */
export const all = (sql: SqlClient.SqlClient) =>
  Effect.map(sql`SELECT record FROM endpoints WHERE tenant = ${defaultTenant} ORDER BY endpoints.position`, (rows) =>
    decode(rows).map(({ record }) => record)
  )
