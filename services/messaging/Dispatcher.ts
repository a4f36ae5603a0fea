import { type Array, Cause, Deferred, Effect, FiberSet, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import type { AgentId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { type Lease, LeaseLost, Leases } from "#domain/ports/Leases.ts"
import type { DeviceRegistry } from "../projections/DevicesView.ts"
import { Views } from "../projections/View.ts"
import { CheckpointMoved } from "../runtime/Checkpoint.ts"
import * as Partitions from "../runtime/Partitions.ts"
import { patiently } from "../runtime/Patience.ts"
import { creating } from "../runtime/Tables.ts"
import { AgentCommands, type Order } from "./AgentCommands.ts"
import type { Derived } from "./Orders.ts"
import * as Outbox from "./Outbox.ts"
import * as Reissues from "./Reissues.ts"
import * as Withheld from "./Withheld.ts"

/** Gateways share the work by device; one alone does all of it in one piece. */
const partitions = 16
/** A checkpoint is not written again for fewer events of others: who begins at it reads about so many in vain. */
const rereadLimit = 1_000

/**
 * Follows the log, which is the outbox, and hands every command in it to its agent. The checkpoint passes an event only
 * when the bus has custody of its command: what is after it is issued again at the next start, or by whoever holds the
 * partition next, under the same id.
 */
export const layer = (options: { readonly registry: DeviceRegistry }) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const store = yield* EventStore
      const leases = yield* Leases
      const commands = yield* AgentCommands
      const views = yield* Views
      const group = { name: "dispatcher", partitions: leases.renewalMillis === undefined ? 1 : partitions }

      yield* creating(sql, sql`CREATE TABLE IF NOT EXISTS dispatcher (id INTEGER PRIMARY KEY, position TEXT NOT NULL)`)

      const outbox = yield* Outbox.make(group.partitions, yield* Withheld.make(yield* Reissues.make(sql)))

      /** Only from where it was; answers nothing where it was not. */
      const move = (id: number, from: bigint | undefined, to: bigint) =>
        from === undefined
          ? sql`INSERT INTO dispatcher (id, position) VALUES (${id}, ${String(to)}) ON CONFLICT DO NOTHING RETURNING id`
          : sql`UPDATE dispatcher SET position = ${String(to)} WHERE id = ${id} AND position = ${String(from)} RETURNING id`

      /** A device that the views do not show yet was created a moment ago. */
      const agentOf = Effect.fnUntraced(function* ({ agent, device, order }: Derived) {
        if (agent !== undefined) return agent
        if (!options.registry.has(device)) yield* views.reached(order.position)
        return options.registry.get(device)?.agent
      })

      const issueTo = ([agent, orders]: readonly [AgentId, Array.NonEmptyReadonlyArray<Order>]) =>
        commands.issue(agent, orders).pipe(
          Effect.tapErrorTag("BusUnavailable", () =>
            Effect.logWarning("the bus is not available; commands are issued again shortly")
          ),
          Effect.retry(patiently)
        )

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
          // side by side: an agent that is not enrolled, or not any more, keeps none of the others waiting
          yield* Effect.forEach(byAgent, issueTo, { concurrency: "unbounded", discard: true })
        })

      const dispatch = Effect.fnUntraced(function* (lease: Lease) {
        const begun = yield* Effect.retry(store.head, patiently)
        const [row] = yield* sql<{ readonly position: string }>`
          SELECT position FROM dispatcher WHERE id = ${lease.partition + 1}`
        const after = row === undefined ? undefined : BigInt(row.position)

        // Batches leave in order and are in custody in any order: the checkpoint is the last position below which all are.
        const pending = new Map<bigint, bigint>() // last position of an open batch → last position before it
        const fork = yield* FiberSet.makeRuntime<never>()
        let handed = after
        let saved = after
        let unsaved = 0 // events since the checkpoint; one of its own counts as `rereadLimit`
        const checkpoint = () => {
          const oldest = pending.values().next()
          return oldest.done ? handed : oldest.value
        }
        const save = Effect.gen(function* () {
          const position = checkpoint()
          if (unsaved < rereadLimit || position === undefined || position === saved || position < 0n) return
          const covered = pending.size === 0 ? unsaved : 0
          const moved = yield* leases.fenced(lease, move(lease.partition + 1, saved, position))
          if (moved.length === 0) return yield* new CheckpointMoved()
          saved = position
          unsaved -= covered
        })

        const take: Outbox.Reader["take"] = (derived, last, count) => {
          const before = handed ?? -1n
          handed = last
          unsaved += derived.length > 0 ? rereadLimit : count
          if (derived.length === 0) return
          pending.set(last, before)
          const inCustody = Effect.sync(() => pending.delete(last)) // not when interrupted: then it is issued again
          fork(Effect.andThen(issue(derived), inCustody))
        }

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
            return Effect.logWarning(
              "the dispatcher's checkpoint cannot be written; commands may be issued again",
              cause
            )
          }
        })
        yield* Effect.forkScoped(Effect.repeat(saving, Schedule.spaced("1 second")))
        yield* outbox.join({ partition: lease.partition, begun, handed: () => handed, take })
        return yield* Deferred.await(forgotten)
      }, Effect.scoped)

      yield* Effect.forkScoped(Partitions.run(group, dispatch))
    })
  )
