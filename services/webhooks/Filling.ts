import { type Array, Clock, Effect, Schedule } from "effect"
import { categories, isReleased } from "#domain/Aggregates.ts"
import { Endpoint } from "#domain/delivery/Endpoint.ts"
import { deliveryIdOf } from "#domain/Identifiers.ts"
import { categoryOf, type EndpointId } from "#domain/Ids.ts"
import { fromMillis, toMillis } from "#domain/Instant.ts"
import { patiently } from "#domain/Patience.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { Lease } from "#domain/ports/Leases.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { type About, PublicEvents } from "../events/PublicEvents.ts"
import * as Subscription from "../runtime/Subscription.ts"
import type { Mark } from "../tables/Positions.ts"
import { Views } from "../views/Views.ts"
import * as Chats from "./Chats.ts"
import type { NewDelivery } from "./Delivery.ts"
import type { DeliveryRows } from "./DeliveryRows.ts"
import { EndpointRegistry, put } from "./EndpointRegistry.ts"
import type { EndpointRecord, EndpointRecords } from "./EndpointsRows.ts"
import * as Erasure from "./Erasure.ts"
import type { Recent } from "./Recent.ts"
import * as WaGateway from "./WaGateway.ts"

/** A checkpoint is not written again for fewer events that concern no endpoint. */
const rereadLimit = 1_000
/** Where the database has forgotten how far this was, what is older was delivered or given up. */
const horizonMillis = 3 * 24 * 3_600_000

/** No event is there. */
const nowhere: Mark = { position: 2n ** 63n - 1n, eventId: undefined }

const wants = ({ device, disabled, format, types }: EndpointRecord, about: About, event: RecordedEvent) =>
  disabled === null &&
  (format !== "wa-gateway" || WaGateway.tells(about.type, event)) &&
  (types.length === 0 || types.includes(about.type)) &&
  (device ?? about.device) === about.device

/**
 * Follows the log: of every event, the deliveries to the endpoints there were when it was recorded. Which these are is
 * folded from the same log, so it is the same for whoever follows it.
 */
export const make = Effect.fnUntraced(function* (recent: Recent) {
  const chatOf = yield* Chats.make
  const crypto = yield* Crypto
  const { about } = yield* PublicEvents
  const registry = yield* EndpointRegistry
  const erase = yield* Erasure.make
  const store = yield* EventStore
  const views = yield* Views

  /** Every event of the endpoints there are now. */
  const histories = Effect.gen(function* () {
    if (registry.size === 0) return []
    const head = yield* Effect.retry(store.head, patiently)
    if (head !== undefined) yield* views.reached(head)
    const streams = yield* Effect.forEach([...registry.keys()], (id) => store.read(Endpoint.streamOf(id)))
    return streams.flat().filter(isReleased)
  })

  const deliveriesOf = Effect.fnUntraced(function* (event: RecordedEvent, endpoints: EndpointRecords) {
    if (endpoints.size === 0) return []
    const known = yield* about(event)
    if (known === undefined) return []
    const wanting = [...endpoints.values()].filter((endpoint) => wants(endpoint, known, event))
    if (wanting.length === 0) return []
    const chat = yield* chatOf(event)
    recent.set(event.eventId, event)
    const { eventId, position, recordedAt, revision, stream } = event
    const recorded = toMillis(recordedAt)
    return wanting.map(({ id: endpoint }): NewDelivery => {
      const id = deliveryIdOf(crypto, eventId, endpoint)
      const { type } = known
      return { id, kind: "event", endpoint, event: eventId, stream, revision, position, type, chat, recorded }
    })
  })

  /** `filled`: there are new deliveries. Ends only with what keeps it from going on. */
  return Effect.fnUntraced(function* (rows: DeliveryRows, lease: Lease, filled: Effect.Effect<unknown>) {
    const kept = yield* rows.checkpoint("endpoints")
    // of no endpoint it is not known where to begin; where there were some, one that is no more may still have its keys
    const known = yield* Effect.repeat(histories, {
      until: ({ length }) => length > 0 || kept !== undefined,
      schedule: Schedule.spaced("1 second")
    })
    yield* rows.forgetOthers(lease, [...registry.keys()])
    // what was before the first of them concerns none of them
    const first = known.reduce<Mark>((least, event) => (event.position < least.position ? event : least), nowhere)
    const begin = kept ?? first.position
    const recently = fromMillis(Math.max(0, (yield* Clock.currentTimeMillis) - horizonMillis))
    const isOld = ({ recordedAt }: RecordedEvent) => kept === undefined && recordedAt < recently
    let endpoints = new Map<EndpointId, EndpointRecord>()
    for (const event of known) if (event.position <= begin) put(endpoints, event)

    const { during, orEnd } = yield* Subscription.committing
    let saved = kept
    let unsaved = 0
    const save = (made: ReadonlyArray<NewDelivery>, to: Mark) =>
      Effect.gen(function* () {
        yield* orEnd(rows.take(lease, made, yield* Clock.currentTimeMillis, saved, to))
        saved = to.position
        unsaved = 0
      })
    if (kept === undefined) yield* during(save([], first))

    const handle = Effect.fnUntraced(function* (events: Array.NonEmptyReadonlyArray<RecordedEvent>) {
      const made: globalThis.Array<NewDelivery> = []
      const now = new Map(endpoints) // taken with the events, or not at all
      for (const event of events) {
        if (!isReleased(event)) continue
        if (categoryOf(event.stream) === Endpoint.category) {
          // before the checkpoint passes what says so, also of one that was gone when this began
          if (Endpoint.read(event).type === "endpoint.removed") yield* erase(Endpoint.idOf(event.stream))
          put(now, event)
        } else if (!isOld(event)) made.push(...(yield* deliveriesOf(event, now)))
      }
      unsaved += events.length
      if (made.length > 0 || unsaved >= rereadLimit) yield* save(made, events[events.length - 1]!)
      for (const [id, { aimedBy }] of endpoints) {
        const aimed = now.get(id)
        if (aimed === undefined) yield* rows.forget(id)
        else if (aimed.aimedBy !== aimedBy) {
          yield* views.reached(events[events.length - 1]!.position) // from here on attempts are judged by what it is now
          yield* rows.hasten(lease, id, yield* Clock.currentTimeMillis)
          yield* filled
        }
      }
      endpoints = now // when all that follows from them is done: what failed is done again
      if (made.length > 0) yield* filled
    })
    return yield* during(Subscription.follow({ name: "deliveries", categories, after: begin, handle }))
  })
})
