import { Context, Effect, Layer } from "effect"
import { Endpoint } from "#domain/delivery/Endpoint.ts"
import type { EndpointId } from "#domain/Ids.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { Registrations } from "../views/Registrations.ts"
import * as EndpointsRows from "./EndpointsRows.ts"

/** All endpoints, in memory: each event of the log is held against each of them. */
export class EndpointRegistry extends Context.Service<EndpointRegistry, EndpointsRows.EndpointRecords>()(
  "homing/services/webhooks/EndpointRegistry"
) {
  static readonly layer = Layer.effect(
    this,
    Effect.map(Registrations, ({ register }) => {
      const endpoints = new Map<EndpointId, EndpointsRows.EndpointRecord>()
      register({
        rows: EndpointsRows.view,
        memory: {
          hydrate: (sql) =>
            Effect.map(EndpointsRows.all(sql), (records) => {
              for (const record of records) endpoints.set(record.id, record)
            }),
          follow: (events) => {
            for (const event of events) put(endpoints, event)
          }
        }
      })
      return endpoints
    })
  )
}

/** What an event makes of the endpoints that are known. */
export const put = (endpoints: Map<EndpointId, EndpointsRows.EndpointRecord>, event: RecordedEvent): void => {
  const id = Endpoint.idOf(event.stream)
  const record = EndpointsRows.evolve(endpoints.get(id), event)
  if (record === undefined) endpoints.delete(id)
  else endpoints.set(id, record)
}
