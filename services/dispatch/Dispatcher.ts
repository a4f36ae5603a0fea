import { type Array, Cause, Clock, Deferred, Effect, FiberSet, Layer, Schedule, Semaphore } from "effect"
import { SqlClient } from "effect/sql"
import { Device } from "#domain/device/Device.ts"
import type { AgentId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { type Lease, LeaseLost, Leases } from "#domain/ports/Leases.ts"
import { DeviceRegistry } from "../devices/DeviceRegistry.ts"
import { StoreIdentity } from "../identity/StoreIdentity.ts"
import { QueueDepth } from "../messages/QueueDepth.ts"
import { CheckpointMoved } from "../runtime/Checkpoint.ts"
import * as Partitions from "../runtime/Partitions.ts"
import { patiently } from "../runtime/Patience.ts"
import { creating } from "../tables/Tables.ts"
import { AgentCommands, type Order } from "../transports/agent-link/Commands.ts"
import type { Derived } from "../transports/agent-link/Orders.ts"
import { Views } from "../views/Views.ts"
import * as Outbox from "./Outbox.ts"
import * as PassedOver from "./PassedOver.ts"
import * as Reissues from "./Reissues.ts"
import * as Withheld from "./Withheld.ts"

/** Gateways share the work by device; one alone does all of it in one piece. */
const partitions = 16
/** How many commands may be on their way at once: the log waits until the bus has custody of some. */
const mostUnderway = 1_024
/** A checkpoint is not written again for fewer events of others: who begins at it reads about so many in vain. */
const rereadLimit = 1_000

/**
 * Follows the log, which is the outbox, and hands every command in it to its agent. The checkpoint passes an event only
 * when the bus has custody of its command: what is after it is issued again at the next start, or by whoever holds the
 * partition next, under the same id.
 */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const store = yield* EventStore
    const leases = yield* Leases
    const commands = yield* AgentCommands
    const identity = yield* StoreIdentity
    const registry = yield* DeviceRegistry
    const { isUnanswered, oldest } = yield* QueueDepth
    const views = yield* Views
    const group = { name: "dispatcher", partitions: leases.renewalMillis === undefined ? 1 : partitions }

    yield* creating(sql, sql`CREATE TABLE IF NOT EXISTS dispatcher (id INTEGER PRIMARY KEY, position TEXT NOT NULL)`)

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
        (streams) => streams.flatMap(([first]) => first ?? [])
      )
    )
    const backlog = { isUnanswered, oldest, head, position: views.position, devices }
    const outbox = yield* Outbox.make(group.partitions, backlog, yield* Withheld.make(yield* Reissues.make(sql)))
    const underway = Semaphore.makeUnsafe(mostUnderway)

    /** Only from where it was; answers nothing where it was not. */
    const move = (id: number, from: bigint | undefined, to: bigint) =>
      from === undefined
        ? sql`INSERT INTO dispatcher (id, position) VALUES (${id}, ${String(to)}) ON CONFLICT DO NOTHING RETURNING id`
        : sql`UPDATE dispatcher SET position = ${String(to)} WHERE id = ${id} AND position = ${String(from)} RETURNING id`

    /** A device that the views do not show yet was created a moment ago. */
    const agentOf = Effect.fnUntraced(function* ({ agent, device, order }: Derived) {
      if (agent !== undefined) return agent
      if (!registry.has(device)) yield* views.reached(order.position)
      return registry.get(device)?.agent
    })

    const addressed = Effect.fnUntraced(function* (derived: ReadonlyArray<Derived>) {
      const byAgent = new Map<AgentId, Array.NonEmptyArray<Order>>()
      for (const one of derived) {
        const agent = yield* agentOf(one)
        if (agent === undefined) return yield* Effect.die(new Error("a message was accepted for an unknown device"))
        const orders = byAgent.get(agent)
        if (orders === undefined) byAgent.set(agent, [one.order])
        else orders.push(one.order)
      }
      return byAgent
    })

    const issue = (agent: AgentId, orders: Array.NonEmptyReadonlyArray<Order>) =>
      commands.issue(agent, orders).pipe(
        Effect.tapErrorTag("BusUnavailable", () =>
          Effect.logWarning("the bus is not available; commands are issued again shortly")
        ),
        Effect.retry(patiently)
      )

    const dispatch = Effect.fnUntraced(function* (lease: Lease) {
      const begun = yield* Effect.retry(store.head, patiently)
      const [row] = yield* sql<{ readonly position: string }>`
          SELECT position FROM dispatcher WHERE id = ${lease.partition + 1}`
      const after = row === undefined ? undefined : BigInt(row.position)

      // Batches leave in order and are in custody in any order: the checkpoint is the last position below which all are.
      const pending = new Map<object, bigint>() // an open batch → last position before it
      const passedOver = PassedOver.make(identity)
      const fork = yield* FiberSet.makeRuntime<never>()
      let handed = after
      let saved = after
      let unsaved = 0 // events since the checkpoint; one of its own counts as `rereadLimit`
      const checkpoint = (now: number) => {
        const oldest = pending.values().next()
        const inCustody = oldest.done ? handed : oldest.value
        const first = passedOver.before(now)
        return first !== undefined && inCustody !== undefined && first < inCustody ? first : inCustody
      }
      const save = Effect.gen(function* () {
        const position = checkpoint(yield* Clock.currentTimeMillis)
        if (unsaved < rereadLimit || position === undefined || position === saved || position < 0n) return
        const covered = pending.size === 0 ? unsaved : 0
        const moved = yield* leases.fenced(lease, move(lease.partition + 1, saved, position))
        if (moved.length === 0) return yield* new CheckpointMoved()
        saved = position
        unsaved -= covered
      })

      const take: Outbox.Reader["take"] = Effect.fnUntraced(function* (derived, last, count) {
        const before = handed ?? -1n
        for (const [agent, orders] of yield* addressed(derived)) {
          if (!passedOver.leaves(agent, orders, before)) continue
          const isWaiting = passedOver.waits(agent) // for a key: in nobody's way
          const places = isWaiting ? 0 : Math.min(orders.length, mostUnderway)
          yield* underway.take(places)
          const batch = {}
          pending.set(batch, before)
          if (isWaiting) passedOver.change(agent, orders.length)
          const done = Effect.suspend(() => {
            if (isWaiting) passedOver.change(agent, -orders.length)
            return underway.release(places)
          })
          const inCustody = Effect.sync(() => pending.delete(batch)) // not when interrupted: then it is issued again
          fork(Effect.ensuring(Effect.andThen(issue(agent, orders), inCustody), done))
        }
        handed = last
        unsaved += derived.length > 0 ? rereadLimit : count
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
      yield* outbox.join({ partition: lease.partition, begun, handed: () => handed, take })
      const enrolled = Effect.andThen(passedOver.enrolled, saving) // then it begins again, from what was passed over
      return yield* Effect.raceFirst(Deferred.await(forgotten), enrolled)
    }, Effect.scoped)

    yield* Effect.forkScoped(Partitions.run(group, dispatch))
  })
)
