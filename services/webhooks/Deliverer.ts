import { Clock, Deferred, Effect, FiberSet, Queue, Schedule, Semaphore } from "effect"
import { type Lease, Leases } from "#domain/ports/Leases.ts"
import * as Partitions from "../runtime/Partitions.ts"
import type { Answered } from "./Answered.ts"
import { Deliveries } from "./Deliveries.ts"
import type { Delivery } from "./Delivery.ts"
import type { Destination, DestinationId } from "./Destination.ts"
import type { Lane } from "./Lane.ts"
import { Places } from "./Places.ts"
import * as Retries from "./Retries.ts"
import * as Settling from "./Settling.ts"

/** What is sent needs no bus, and no key of the wire. */
const hindrances = ["clock_off", "store_unavailable"] as const

const dayMillis = 24 * 3_600_000
const keptMillis = { delivered: 3 * dayMillis, dead: 30 * dayMillis }

export interface Options {
  /** How often what is pending is looked after. */
  readonly lookMillis?: number
}

/** `2xx`, `5xx`, or a word for why there was no answer; of words with more behind them the first. */
const outcomeOf = ({ attempt: { error, status } }: Answered) =>
  status === undefined ? (error ?? "internal").split(":")[0]! : `${Math.floor(status / 100)}xx`

/**
 * Delivers what the log says to whoever is to be told of it: at least once, within a chat in the log's order, chats and
 * destinations side by side. One gateway at a time does, the one that holds the lane's lease.
 */
export const run = Effect.fnUntraced(function* <D extends Destination>(
  lane: Lane<D>,
  { lookMillis = 10_000 }: Options = {}
) {
  const { rows, wakes: all } = yield* Deliveries
  yield* Leases
  const wakes = yield* Queue.sliding<void>(1)
  all.add(wakes)
  const wake = Queue.offer(wakes, undefined)
  const { counts, enabled, find, retries } = lane
  const ids = () => enabled().map(({ id }) => id)

  /** Whether it was neither enabled nor moved since it was like that. */
  const isCurrent = ({ aimedBy, id }: Destination) => find(id)?.aimedBy === aimedBy

  const tell = ({ answered, delivery, settled }: Settling.Recorded<D>, now: number) => {
    counts.attempted(outcomeOf(answered))
    if (settled.status === "pending") return
    counts.settled(settled.status)
    if (settled.status === "delivered") counts.arrived(now - delivery.recorded)
  }

  const end = Effect.fnUntraced(function* (recorded: Settling.Recorded<D>, now: number) {
    const { answered, delivery, destination, settled } = recorded
    if (settled.status === "dead") {
      const where = { delivery: delivery.id, destination: destination.id }
      yield* Effect.logWarning("a delivery is given up", { ...where, last: outcomeOf(answered) })
    }
    yield* lane.failed(recorded, now)
  })

  const heard = (outcome: Settling.Outcome<D>): Settling.Outcome<D> => {
    if (isCurrent(outcome.destination)) return outcome
    return { ...outcome, isPast: true, answered: { ...outcome.answered, isGone: false, wishMillis: undefined } }
  }

  const work = Effect.fnUntraced(function* (lease: Lease) {
    const failed = yield* Deferred.make<never, unknown>()
    const run = yield* FiberSet.makeRuntime<never>()
    /** What is read as due is begun before it is settled, or read after it was: never begun a second time. */
    const turns = yield* Semaphore.make(1)
    const outcomes = yield* Queue.unbounded<Settling.Outcome<D>>()
    const places = new Map<DestinationId, Places>()
    const placesOf = ({ aimedBy, id }: Destination) => {
      const found = places.get(id) ?? new Places(lane.isPatient)
      places.set(id, found)
      found.aim(aimedBy)
      return found
    }
    const orFail = (effect: Effect.Effect<unknown, unknown>) =>
      Effect.catchCause(effect, (cause) => Deferred.failCause(failed, cause))

    const begin = (some: ReadonlyArray<Delivery>, now: number) => {
      for (const delivery of some) {
        const destination = find(delivery.endpoint)
        if (destination === undefined || !lane.isEnabled(destination) || delivery.due > now) continue
        if (!placesOf(destination).take(delivery.id, now)) continue
        run(
          orFail(
            Effect.flatMap(lane.deliver(delivery, destination), (answered) =>
              Queue.offer(outcomes, { delivery, destination, answered })
            )
          )
        )
      }
    }

    /** What waits for its next attempt at one that was away is due: it is back. */
    const hasten = (id: DestinationId, now: number) => Effect.andThen(rows.hasten(lease, id, now), wake)

    const follow = (recorded: ReadonlyArray<Settling.Recorded<D>>, next: ReadonlyArray<Delivery>, now: number) => {
      for (const one of recorded) {
        const { answered, delivery, destination } = one
        places.get(destination.id)?.leave(delivery.id)
        tell(one, now)
        if (!answered.isDelivered) run(end(one, now))
        if (!isCurrent(destination)) continue
        if (placesOf(destination).heard(answered, now)) run(orFail(hasten(destination.id, now)))
      }
      begin(next, now)
      const isMoreDue = recorded.some(
        ({ destination: { id }, settled: { due, status } }) =>
          (status === "pending" && due <= now) || places.get(id)?.isWorthAsking(now)
      )
      return isMoreDue ? wake : Effect.void
    }

    const setAside = Effect.fnUntraced(function* (unreadable: ReadonlyArray<string>, now: number) {
      const next = yield* rows.setAside(lease, unreadable, now)
      for (const _ of unreadable) counts.settled("unreadable")
      yield* Effect.logError("deliveries cannot be read, and are set aside", { count: unreadable.length })
      return next
    })

    const round = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const open = enabled().filter((destination) => placesOf(destination).free(now) > 0)
      const waiting = new Set(
        yield* rows.waiting(
          open.map(({ id }) => id),
          now
        )
      )
      for (const destination of open) {
        if (!waiting.has(destination.id)) continue
        const place = placesOf(destination)
        const wanted = place.wanted(now)
        const { due, unreadable } = yield* rows.due(destination.id, now, wanted)
        place.found(due.length + unreadable.length, wanted)
        begin(due, now)
        if (unreadable.length > 0) begin(yield* setAside(unreadable, now), now)
      }
    })
    const rounds = Effect.forever(
      Effect.andThen(turns.withPermit(round), Effect.timeoutOption(Queue.take(wakes), "1 second"))
    )
    const settle = (some: Settling.Batch, now: number) => rows.settle(lease, some, now)
    /** An attempt that was judged by what the destination was is on record before, or is judged by what it is. */
    const filling = {
      ...rows,
      hasten: (...asked: Parameters<typeof rows.hasten>) => turns.withPermit(rows.hasten(...asked))
    }
    const settling = Settling.run({ outcomes, heard, settle, follow, turns, retries })
    const prune = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      rows.prune(now - keptMillis.delivered, now - keptMillis.dead)
    )
    const recall = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const count = yield* rows.recall(lease, ids(), now, now + Retries.longestMillis(retries.delaysMillis))
      if (count === 0) return
      yield* Effect.logWarning("deliveries were put off by a clock that was ahead; they are due now", { count })
      yield* wake
    })
    yield* rows.recount(lease)
    for (const look of [lane.tend(rows, lease), recall]) {
      yield* Effect.forkScoped(Effect.repeat(Effect.ignore(look), Schedule.spaced(lookMillis)))
    }
    yield* Effect.forkScoped(Effect.repeat(Effect.ignore(prune), Schedule.spaced("1 hour")))
    return yield* Effect.raceAllFirst([Deferred.await(failed), lane.fill(filling, lease, wake), settling, rounds])
  }, Effect.scoped)

  yield* Effect.forkScoped(Partitions.run({ name: lane.name, partitions: 1 }, work, hindrances))
})
