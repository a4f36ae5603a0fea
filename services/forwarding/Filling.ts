import { type Array, Clock, Effect, Schedule } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import { deliveryIdOf } from "#domain/Identifiers.ts"
import { categoryOf, type TargetId } from "#domain/Ids.ts"
import { fromMillis, toMillis } from "#domain/Instant.ts"
import { Inbound } from "#domain/inbound/Inbound.ts"
import { AppRoutes } from "#domain/meta/AppRoutes.ts"
import { Batch } from "#domain/meta/Batch.ts"
import { MetaFact } from "#domain/meta/MetaFact.ts"
import { ofApp, ofDevices, ofSession, type RoutedSource } from "#domain/meta/RoutedSource.ts"
import { patiently } from "#domain/Patience.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { Lease } from "#domain/ports/Leases.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { SessionFact } from "#domain/session/SessionFact.ts"
import { RoutesRegistry } from "../routes/RoutesRegistry.ts"
import * as RoutesRows from "../routes/RoutesRows.ts"
import * as Subscription from "../runtime/Subscription.ts"
import type { Mark } from "../tables/Positions.ts"
import { forwardUnled } from "../telemetry/Metrics.ts"
import { Views } from "../views/Views.ts"
import type { NewDelivery } from "../webhooks/Delivery.ts"
import type { DeliveryRows } from "../webhooks/DeliveryRows.ts"
import type { Recent } from "../webhooks/Recent.ts"
import { longestMillis } from "./Patience.ts"
import * as Wanted from "./Wanted.ts"

const categories = [MetaFact.category, SessionFact.category, Inbound.category, Batch.category, AppRoutes.category]
const whose = "targets"
/** Events of devices that are for nobody are read again, where there are fewer. */
const rereadLimit = 1_000

type Configurations = Map<RoutedSource, RoutesRows.RoutesRecord>

const targetsIn = (configurations: Configurations) =>
  new Map([...configurations.values()].flatMap(({ targets }) => [...targets.values()].map((one) => [one.id, one])))

/**
 * Follows the log: of everything that was heard, the deliveries to the targets that the routes of that moment lead to. These
 * are folded from the same log, so it is the same for whoever follows it.
 */
export const make = Effect.fnUntraced(function* (recent: Recent) {
  const crypto = yield* Crypto
  const registry = yield* RoutesRegistry
  const store = yield* EventStore
  const views = yield* Views
  const { changes, facts, requests } = yield* Wanted.make

  const wanted: Readonly<Record<string, typeof changes | typeof facts | typeof requests>> = {
    [MetaFact.category]: changes,
    [SessionFact.category]: facts,
    [Inbound.category]: facts,
    [Batch.category]: requests
  }

  /** Every event of the routes there are now. */
  const histories = Effect.gen(function* () {
    if (registry.size === 0) return []
    const head = yield* Effect.retry(store.head, patiently)
    if (head !== undefined) yield* views.reached(head)
    const streams = yield* Effect.forEach([...registry.keys()], (app) => store.read(AppRoutes.streamOf(app)))
    return streams
      .flat()
      .filter(isReleased)
      .toSorted((a, b) => Number(a.position - b.position))
  })

  const deliveriesOf = Effect.fnUntraced(function* (event: RecordedEvent, configurations: Configurations) {
    const source = sourceOf(event)
    const configuration = source && configurations.get(source)
    if (configuration === undefined) return []
    const found = yield* wanted[categoryOf(event.stream)]!(event, configuration)
    if (typeof found === "string") return found
    if (found === undefined || found.targets.length === 0) return []
    if (found.kind !== "raw") recent.set(event.eventId, event)
    const { chat, kind, type } = found
    const { eventId, position, recordedAt, revision, stream } = event
    const recorded = toMillis(recordedAt)
    return found.targets.map((endpoint: TargetId): NewDelivery => {
      const id = deliveryIdOf(crypto, eventId, endpoint)
      return { id, kind, endpoint, event: eventId, stream, revision, position, type, chat, recorded }
    })
  })

  /** `filled`: there are new deliveries. Ends only with what keeps it from going on. */
  return Effect.fnUntraced(function* (rows: DeliveryRows, lease: Lease, filled: Effect.Effect<unknown>) {
    const kept = yield* rows.checkpoint(whose)
    // before there were routes nothing went anywhere
    const known = yield* Effect.repeat(histories, {
      until: ({ length }) => length > 0 || kept !== undefined,
      schedule: Schedule.spaced("1 second")
    })
    const first = known[0]
    const begin = kept ?? first!.position
    const oldest = fromMillis(Math.max(0, (yield* Clock.currentTimeMillis) - longestMillis))
    const isOld = ({ recordedAt }: RecordedEvent) => kept === undefined && recordedAt < oldest
    let configurations: Configurations = new Map()
    for (const event of known) if (event.position <= begin) RoutesRows.put(configurations, event)
    yield* rows.forgetOthers(lease, [...targetsIn(configurations).keys()], whose)

    const { during, orEnd } = yield* Subscription.committing
    let saved = kept
    let unsaved = 0
    const save = (made: ReadonlyArray<NewDelivery>, to: Mark) =>
      Effect.gen(function* () {
        yield* orEnd(rows.take(lease, made, yield* Clock.currentTimeMillis, saved, to, whose))
        saved = to.position
        unsaved = 0
      })
    if (kept === undefined) yield* during(save([], first!))

    const handle = Effect.fnUntraced(function* (events: Array.NonEmptyReadonlyArray<RecordedEvent>) {
      const made: globalThis.Array<NewDelivery> = []
      const unled: globalThis.Array<Wanted.Nowhere> = []
      const now: Configurations = new Map(configurations) // taken with the events, or not at all
      for (const event of events) {
        if (!isReleased(event)) continue
        if (categoryOf(event.stream) === AppRoutes.category) RoutesRows.put(now, event)
        else if (!isOld(event)) {
          const found = yield* deliveriesOf(event, now)
          if (typeof found === "string") unled.push(found)
          else made.push(...found)
        }
      }
      unsaved += events.length
      // each time there is something of Meta's: whoever destroys what was forwarded asks how far this is
      const isAsked = events.some(({ stream }) => categoryOf(stream) !== Inbound.category)
      if (isAsked || made.length > 0 || unsaved >= rereadLimit) yield* save(made, events[events.length - 1]!)
      for (const reason of unled) forwardUnled(reason)
      const targets = targetsIn(now)
      for (const [id, { aimedBy }] of targetsIn(configurations)) {
        const aimed = targets.get(id)
        if (aimed === undefined) yield* rows.forget(id)
        else if (aimed.aimedBy !== aimedBy) {
          yield* views.reached(events[events.length - 1]!.position) // from here on attempts are judged by what it is now
          yield* rows.hasten(lease, id, yield* Clock.currentTimeMillis)
          yield* filled
        }
      }
      configurations = now // when all that follows from them is done: what failed is done again
      if (made.length > 0) yield* filled
    })
    return yield* during(Subscription.follow({ name: "forwarding", categories, after: begin, handle }))
  })
})

const isHeard: ReadonlySet<string> = new Set(["inbound.received", "inbound.decrypted"])

/** By whose routes it goes; `undefined` where by nobody's. */
const sourceOf = (event: RecordedEvent): RoutedSource | undefined => {
  switch (categoryOf(event.stream)) {
    case MetaFact.category:
      return ofApp(MetaFact.read(event).data.source.app)
    case SessionFact.category:
      return ofSession(SessionFact.read(event).data.source.name)
    case Inbound.category:
      return isHeard.has(Inbound.read(event).type) ? ofDevices : undefined
    default: {
      const read = Batch.read(event)
      return read.type === "batch.received" && read.data.source === undefined ? ofApp(read.data.app) : undefined
    }
  }
}
