import { Effect, Semaphore } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import { Batch, type ReceivedBatch } from "#domain/meta/Batch.ts"
import { ofApp } from "#domain/meta/RoutedSource.ts"
import { routeOf } from "#domain/meta/Routing.ts"
import { split } from "#domain/meta/Splitting.ts"
import type { Configuration, Target } from "#domain/meta/Target.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as Contents from "../meta/Contents.ts"
import * as PastRoutes from "../routes/PastRoutes.ts"

const regionOf = ({ disabled, region }: Target) => (disabled === null && region !== undefined ? [region] : [])

const isRegional = ({ targets }: Configuration) => targets.values().some(({ region }) => region !== undefined)

/** What came last of those that came before. */
const receivedBefore = (events: ReadonlyArray<RecordedEvent>, { revision }: RecordedEvent): ReceivedBatch | undefined =>
  events
    .slice(0, revision)
    .filter(isReleased)
    .map(Batch.read)
    .findLast(({ type }) => type === "batch.received")?.data as ReceivedBatch | undefined

/**
 * To which regions went what a request of Meta's says, by the routes of the moment when it was taken apart; `undefined` where
 * none led to a region, or its bytes are gone.
 */
export const make = Effect.gen(function* () {
  const contents = yield* Contents.make
  const routesAt = yield* PastRoutes.make
  const store = yield* EventStore
  /** Of a request several times as much is in memory. */
  const turns = yield* Semaphore.make(1)

  const find = Effect.fnUntraced(function* (event: RecordedEvent) {
    const request = receivedBefore(yield* store.read(event.stream), event)
    if (request === undefined || request.source !== undefined) return undefined
    const configuration = yield* routesAt(ofApp(request.app), event.position)
    if (configuration === undefined || !isRegional(configuration)) return undefined
    const payload = yield* contents.of(request)
    if (typeof payload === "string") return undefined
    const names = new Set(split(payload).flatMap((piece) => routeOf(configuration.routes, piece).targets))
    const regions = [...configuration.targets.values()].filter(({ name }) => names.has(name)).flatMap(regionOf)
    return [...new Set(regions)].toSorted()
  })

  return (event: RecordedEvent) => turns.withPermit(find(event))
})
