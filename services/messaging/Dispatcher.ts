import { type Array, Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import type { AgentId } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { type Lease, Leases } from "#domain/ports/Leases.ts"
import { Steps } from "#domain/ports/Steps.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { DeviceRegistry } from "../projections/DevicesView.ts"
import { Views } from "../projections/View.ts"
import * as Partitions from "../runtime/Partitions.ts"
import { partitionOf } from "../runtime/Partitions.ts"
import { patiently } from "../runtime/Patience.ts"
import * as Subscription from "../runtime/Subscription.ts"
import { creating } from "../runtime/Tables.ts"
import { AgentCommands, type Order } from "./AgentCommands.ts"
import { type Derived, deviceOf, orders } from "./Orders.ts"

/** Gateways share the work by device; one alone does all of it in one piece. */
const partitions = 16

/**
 * Follows the log, which is the outbox, and hands every command in it to its agent. The checkpoint passes an event only
 * when the bus has custody of its command: what is after it is issued again at the next start, or by whoever holds the
 * partition next, under the same id.
 */
export const layer = (options: { readonly registry: DeviceRegistry }) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const leases = yield* Leases
      const orderOf = orders(yield* Crypto, yield* SubjectKeys)
      const commands = yield* AgentCommands
      const step = yield* Steps
      const views = yield* Views
      const group = { name: "dispatcher", partitions: leases.renewalMillis === undefined ? 1 : partitions }

      yield* creating(sql, sql`CREATE TABLE IF NOT EXISTS dispatcher (id INTEGER PRIMARY KEY, position TEXT NOT NULL)`)

      const derive = (event: RecordedEvent) =>
        orderOf(event, 1).pipe(
          Effect.catchTag("Unreadable", ({ reason }) =>
            Effect.as(Effect.logError("a command cannot be issued: its content is unreadable", { reason }), undefined)
          )
        )

      /** A device that the views do not show yet was created a moment ago. */
      const agentOf = Effect.fnUntraced(function* ({ agent, device, order }: Derived) {
        if (agent !== undefined) return agent
        if (!options.registry.has(device)) yield* views.reached(order.position)
        return options.registry.get(device)?.agent
      })

      const issue = (derived: ReadonlyArray<Derived>) =>
        Effect.gen(function* () {
          const byAgent = new Map<AgentId, Array.NonEmptyArray<Order>>()
          for (const one of derived) {
            const agent = yield* agentOf(one)
            if (agent === undefined) return yield* Effect.die(new Error("a message was accepted for an unknown device"))
            const orders = byAgent.get(agent)
            if (orders === undefined) byAgent.set(agent, [one.order])
            else orders.push(one.order)
          }
          for (const [agent, orders] of byAgent) yield* commands.issue(agent, orders)
        }).pipe(
          Effect.tapError(() => Effect.logWarning("the bus is not available; commands are issued again shortly")),
          Effect.retry(patiently)
        )

      const dispatch = Effect.fnUntraced(function* (lease: Lease) {
        const [row] = yield* sql<{ readonly position: string }>`
          SELECT position FROM dispatcher WHERE id = ${lease.partition + 1}`
        const after = row === undefined ? undefined : BigInt(row.position)

        // Batches leave in order and are in custody in any order: the checkpoint is the last position below which all are.
        const pending = new Map<bigint, bigint>() // first position of an open batch → last position before it
        let handed = after
        let saved = after
        const checkpoint = () => {
          const oldest = pending.values().next()
          return oldest.done ? handed : oldest.value
        }
        const save = Effect.gen(function* () {
          const position = checkpoint()
          if (position === undefined || position === saved || position < 0n) return
          yield* leases.fenced(
            lease,
            sql`INSERT INTO dispatcher (id, position) VALUES (${lease.partition + 1}, ${String(position)})
              ON CONFLICT (id) DO UPDATE SET position = excluded.position`
          )
          saved = position
        })

        const handle = Effect.fnUntraced(function* (events: Array.NonEmptyReadonlyArray<RecordedEvent>) {
          if (events.some(({ type }) => type === "message.queued.v1")) step("gateway.queued")
          const last = events[events.length - 1]!.position
          const derived: globalThis.Array<Derived> = []
          for (const event of events) {
            const device = deviceOf(event)
            if (device === undefined || partitionOf(device, group.partitions) !== lease.partition) continue
            const one = yield* derive(event)
            if (one !== undefined) derived.push(one)
          }
          if (derived.length > 0) {
            const first = events[0].position
            pending.set(first, handed ?? -1n)
            yield* Effect.forkChild(
              Effect.andThen(
                issue(derived),
                Effect.sync(() => pending.delete(first)) // not when interrupted: then it is issued again
              ),
              { startImmediately: true }
            )
          }
          handed = last
        })

        yield* Effect.forkScoped(Effect.repeat(Effect.ignore(save), Schedule.spaced("1 second")))
        return yield* Subscription.follow({ name: "dispatcher", categories: ["message", "device"], after, handle })
      }, Effect.scoped)

      yield* Effect.forkScoped(Partitions.run(group, dispatch))
    })
  )
