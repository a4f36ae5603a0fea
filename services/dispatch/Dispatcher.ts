import { type Array, Cause, Clock, Deferred, Effect, FiberSet, Layer, Schedule, Semaphore } from "effect"
import { Device } from "#domain/device/Device.ts"
import { patiently } from "#domain/Patience.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { type Lease, LeaseLost, Leases } from "#domain/ports/Leases.ts"
import { DeviceRegistry } from "../devices/DeviceRegistry.ts"
import { QueueDepth } from "../messages/QueueDepth.ts"
import { CheckpointMoved } from "../runtime/Checkpoint.ts"
import * as Partitions from "../runtime/Partitions.ts"
import type { Mark } from "../tables/Positions.ts"
import type { Order, Route } from "../transports/Transport.ts"
import { Views } from "../views/Views.ts"
import * as CheckpointRows from "./CheckpointRows.ts"
import { orderedBy } from "./Orders.ts"
import * as Outbox from "./Outbox.ts"
import * as PassedOver from "./PassedOver.ts"
import * as ReissueRows from "./ReissueRows.ts"
import * as Routing from "./Routing.ts"
import * as Withheld from "./Withheld.ts"

/** How many orders may be on their way at once: the log waits until somebody has custody of some. */
const mostUnderway = 1_024
/** A checkpoint is not written again for fewer events of others: who begins at it reads about so many in vain. */
const rereadLimit = 1_000
/** Before the first event. */
const beginning: Mark = { position: -1n, eventId: undefined }

/**
 * Follows the log, which is the outbox, and hands every order in it to its transport. The checkpoint passes an event only
 * when somebody has custody of its order: what is after it is issued again at the next start, or by whoever holds the
 * partition next, under the same id.
 */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const checkpoints = yield* CheckpointRows.make
    const store = yield* EventStore
    const leases = yield* Leases
    const registry = yield* DeviceRegistry
    const { isUnanswered, oldest } = yield* QueueDepth
    const views = yield* Views
    const group = { name: "dispatcher", partitions: Partitions.shared(leases) }

    /** `undefined` when the views do not get on: then all of the log is read, and agents know what they know. */
    const head = Effect.gen(function* () {
      const head = yield* Effect.orDie(Effect.retry(store.head, patiently))
      if (head === undefined) return undefined
      const counted = Effect.as(views.counted(head), true)
      for (let before = yield* views.position; ; ) {
        if (yield* Effect.raceFirst(counted, Effect.as(Effect.sleep("1 second"), false))) return head
        const now = yield* views.position
        if (now === before) return undefined
        before = now
      }
    })
    const devices = Effect.suspend(() =>
      Effect.map(
        Effect.forEach([...registry.keys()], (device) => store.read(Device.streamOf(device))),
        (streams) => streams.flatMap((stream) => orderedBy(stream) ?? [])
      )
    )
    const backlog = { isUnanswered, oldest, head, position: views.position, devices }
    const outbox = yield* Outbox.make(group.partitions, backlog, yield* Withheld.make(yield* ReissueRows.make))
    const { routed, routeTo } = yield* Routing.make
    const underway = yield* Semaphore.make(mostUnderway)

    const issue = (route: Route, orders: Array.NonEmptyReadonlyArray<Order>) =>
      route.issue(orders).pipe(
        Effect.tapErrorTag("TransportUnavailable", ({ what }) =>
          Effect.logWarning(`${what} is not available; commands are issued again shortly`)
        ),
        Effect.retry(patiently)
      )

    const dispatch = Effect.fnUntraced(function* (lease: Lease) {
      const begun = yield* Effect.retry(store.head, patiently)
      const after = yield* checkpoints.position(lease.partition)

      // Batches leave in order and are in custody in any order: the checkpoint is the last position below which all are.
      const pending = new Map<object, Mark>() // an open batch → last position before it
      const passedOver = PassedOver.make(routeTo)
      const fork = yield* FiberSet.makeRuntime<never>()
      let handed: Mark | undefined = after === undefined ? undefined : { position: after, eventId: undefined }
      let saved = after
      let unsaved = 0 // events since the checkpoint; one of its own counts as `rereadLimit`
      const checkpoint = (now: number) => {
        const oldest = pending.values().next()
        const inCustody = oldest.done ? handed : oldest.value
        const first = passedOver.before(now)
        return first !== undefined && inCustody !== undefined && first.position < inCustody.position ? first : inCustody
      }
      const save = Effect.gen(function* () {
        const place = checkpoint(yield* Clock.currentTimeMillis)
        if (unsaved < rereadLimit || place === undefined || place.position === saved || place.position < 0n) return
        const covered = pending.size === 0 ? unsaved : 0
        const isMoved = yield* leases.fenced(lease, checkpoints.move(lease.partition, saved, place))
        if (!isMoved) return yield* new CheckpointMoved()
        saved = place.position
        unsaved -= covered
      })

      const take: Outbox.Reader["take"] = Effect.fnUntraced(function* (all, last, count) {
        const before = handed ?? beginning
        for (const [route, orders] of yield* routed(all)) {
          if (route === undefined) {
            passedOver.strand(orders, before)
            continue
          }
          if (!passedOver.leaves(route, orders, before)) continue
          const isWaiting = !route.isOpen() // in nobody's way
          const places = isWaiting ? 0 : Math.min(orders.length, mostUnderway)
          yield* underway.take(places)
          const batch = {}
          pending.set(batch, before)
          if (isWaiting) passedOver.change(route, orders.length)
          const done = Effect.suspend(() => {
            if (isWaiting) passedOver.change(route, -orders.length)
            return underway.release(places)
          })
          const inCustody = Effect.sync(() => pending.delete(batch)) // not when interrupted: then it is issued again
          fork(Effect.ensuring(Effect.andThen(issue(route, orders), inCustody), done))
        }
        handed = { position: last.position, eventId: last.eventId }
        unsaved += all.length > 0 ? rereadLimit : count
      })

      const forgotten = yield* Deferred.make<never, CheckpointMoved>()
      let isStuck = false
      const saving = Effect.matchCauseEffect(save, {
        onSuccess: () =>
          Effect.sync(() => {
            isStuck = false
          }),
        onFailure: (cause) => {
          const failure = Cause.squash(cause)
          if (failure instanceof CheckpointMoved) return Deferred.fail(forgotten, failure)
          if (isStuck || failure instanceof LeaseLost) return Effect.void // the next holder saves
          isStuck = true
          return Effect.logWarning("the dispatcher's checkpoint cannot be written; commands may be issued again", cause)
        }
      })
      yield* Effect.forkScoped(Effect.repeat(saving, Schedule.spaced("1 second")))
      yield* outbox.join({ partition: lease.partition, begun, handed: () => handed?.position, take })
      const open = Effect.sync(passedOver.mayLeave).pipe(
        Effect.repeat({ until: (mayLeave) => mayLeave, schedule: Schedule.spaced("1 second") })
      )
      const again = Effect.andThen(open, saving) // then it begins again, from what was passed over
      return yield* Effect.raceFirst(Deferred.await(forgotten), again)
    }, Effect.scoped)

    yield* Effect.forkScoped(Partitions.run(group, dispatch))
  })
)
