import { Clock, Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { toMillis } from "#domain/Instant.ts"
import { streamOf } from "#domain/message/Message.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { type Lease, Leases } from "#domain/ports/Leases.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import type { DeviceRegistry } from "../projections/DevicesView.ts"
import * as MessagesView from "../projections/MessagesView.ts"
import { Views } from "../projections/View.ts"
import * as Partitions from "../runtime/Partitions.ts"
import { partitionOf } from "../runtime/Partitions.ts"
import { creating } from "../runtime/Tables.ts"
import { AgentCommands } from "./AgentCommands.ts"
import { MessageActors } from "./MessageActors.ts"
import { type SealedDocument, statusOfDocument } from "./MessageDocument.ts"
import { orders } from "./Orders.ts"

export interface ReconcilerOptions {
  readonly registry: DeviceRegistry
  /** How often it looks. */
  readonly everyMillis: number
  /** How long a command may be open before it is issued again; doubles with each time, up to an hour. */
  readonly patienceMillis: number
  /** How long after its expiry a message may still get the agent's word on it. */
  readonly graceMillis: number
}

interface Issued {
  readonly attempt: number
  readonly at: number
}

/** Gateways share the work by message; one alone does all of it in one piece. */
const partitions = 16
const pageSize = 500
const longestPatience = 3_600_000

/**
 * The second net under the dispatcher: the bus may forget, so every command that is open for too long is issued again
 * under the next attempt, and a message whose time is over without a word is recorded as unknown. At start it begins
 * with everything that is open. A command on which the agent's ledger has reported is the ledger's alone.
 */
export const layer = (options: ReconcilerOptions) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const store = yield* EventStore
      const commands = yield* AgentCommands
      const actors = yield* MessageActors
      const views = yield* Views
      const leases = yield* Leases
      const orderOf = orders(yield* Crypto, yield* SubjectKeys)
      const group = { name: "reconciler", partitions: leases.renewalMillis === undefined ? 1 : partitions }
      const started = yield* Clock.currentTimeMillis

      yield* creating(
        sql,
        sql`CREATE TABLE IF NOT EXISTS issues (
          message TEXT PRIMARY KEY, attempt INTEGER NOT NULL, issued_at BIGINT NOT NULL)`
      )

      const lastIssue = Effect.fnUntraced(function* ({ createdAt, id, reports }: SealedDocument) {
        const [row] = yield* sql<{ readonly attempt: number; readonly issued_at: string }>`
          SELECT attempt, CAST(issued_at AS TEXT) AS issued_at FROM issues WHERE message = ${id}`
        const reported = reports.reduce((highest, { attempt }) => Math.max(highest, attempt), 1)
        const issued: Issued = {
          attempt: Math.max(row?.attempt ?? 1, reported),
          at: Math.max(Number(row?.issued_at ?? 0), toMillis(createdAt))
        }
        return issued
      })

      const reissue = Effect.fnUntraced(function* (
        lease: Lease,
        document: SealedDocument,
        attempt: number,
        now: number
      ) {
        const [queued] = yield* store.read(streamOf(document.id))
        const agent = options.registry.get(document.device)?.agent
        if (queued === undefined || agent === undefined) return
        const derived = yield* orderOf(queued, attempt)
        if (derived === undefined) return
        yield* leases.fenced(
          lease,
          sql`INSERT INTO issues (message, attempt, issued_at) VALUES (${document.id}, ${attempt}, ${now})
            ON CONFLICT (message) DO UPDATE SET attempt = excluded.attempt, issued_at = excluded.issued_at`
        )
        // the bus says when it has custody; an agent that is away may let it wait
        yield* Effect.forkScoped(Effect.ignore(commands.issue(agent, [derived.order])), { startImmediately: true })
      })

      /** Under the first attempt, however many there were: whatever the agent still says of any outweighs it. */
      const giveUp = (lease: Lease, { id }: SealedDocument, now: number) =>
        Effect.andThen(
          leases.fenced(lease, Effect.void), // whoever was paused meanwhile judges by an old clock
          actors.execute(streamOf(id), ({ at }) => ({ _tag: "GiveUp", at, attempt: 1 }), {
            actor: { kind: "gateway", id: "reconciler" },
            correlationId: id,
            causationId: String(now)
          })
        )

      const look = Effect.fnUntraced(function* (lease: Lease, document: SealedDocument, now: number, first: boolean) {
        const status = statusOfDocument(document)
        if (status !== "queued" && status !== "attempting") return
        if (now > toMillis(document.expiresAt) + options.graceMillis) {
          yield* giveUp(lease, document, now)
          return
        }
        const { at, attempt } = yield* lastIssue(document)
        const patience = Math.min(options.patienceMillis * 2 ** (attempt - 1), longestPatience)
        const open = first ? toMillis(document.createdAt) < started : now - at > patience
        if (open) yield* reissue(lease, document, attempt + 1, now)
      })

      const pass = Effect.fnUntraced(function* (lease: Lease, first: boolean) {
        const now = yield* Clock.currentTimeMillis
        let after = -1n
        for (;;) {
          const page = yield* MessagesView.open(sql, after, pageSize)
          for (const { document } of page) {
            if (partitionOf(document.id, group.partitions) !== lease.partition) continue
            yield* look(lease, document, now, first).pipe(
              Effect.tapCause((cause) => Effect.logWarning("a message could not be reconciled", cause)),
              Effect.catchCause(() => Effect.void)
            )
          }
          if (page.length < pageSize) break
          after = page.at(-1)!.position
        }
        if (lease.partition > 0) return
        yield* sql`DELETE FROM issues WHERE message NOT IN (SELECT id FROM messages WHERE open = 1)`
      })

      const run = Effect.fnUntraced(function* (lease: Lease) {
        const head = yield* store.head
        if (head !== undefined) yield* views.written(head)
        yield* pass(lease, true)
        yield* Effect.repeat(pass(lease, false), Schedule.spaced(options.everyMillis))
      })
      yield* Effect.forkScoped(
        Partitions.run(group, (lease) =>
          run(lease).pipe(
            Effect.tapCause((cause) => Effect.logError("the reconciler begins again", cause)),
            Effect.sandbox,
            Effect.retry(Schedule.spaced("5 seconds")),
            Effect.scoped
          )
        )
      )
    })
  )
