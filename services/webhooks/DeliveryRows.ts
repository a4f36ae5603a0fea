import { Array, Effect, Semaphore } from "effect"
import { SqlClient } from "effect/sql"
import type { DeliveryId, StreamId } from "#domain/Ids.ts"
import { type Lease, Leases } from "#domain/ports/Leases.ts"
import { CheckpointMoved } from "../runtime/Checkpoint.ts"
import { deliverer, type Mark, rowOf } from "../tables/Positions.ts"
import { open } from "../tables/Tables.ts"
import { reader } from "../views/Readable.ts"
import { isLast } from "./Answered.ts"
import { deliveries, type Follower, followers } from "./DeliveriesTable.ts"
import { Delivery, type DeliveryStatus, type NewDelivery, type Settled } from "./Delivery.ts"
import type { DestinationId } from "./Destination.ts"
import * as StandingRows from "./StandingRows.ts"

const columns =
  "id, kind, endpoint, event, stream, revision, CAST(position AS TEXT) AS position, type, chat, status, CAST(due AS TEXT) AS due, tries, CAST(asked AS TEXT) AS asked, CAST(recorded AS TEXT) AS recorded, attempts"
const read = reader("deliveries", Delivery)
const readable = (rows: ReadonlyArray<object>) =>
  Effect.map(read(rows), (found) => found.flatMap(({ row }) => row ?? []))

const rowsAtOnce = 50
const mostAttempts = 24

type Some = Array.NonEmptyReadonlyArray<Settled>
type Chat = Pick<Delivery, "chat" | "endpoint">
const isDelivered = ({ status }: Settled) => status === "delivered"
const deliveryOf = ({ delivery }: Settled) => delivery
type Added = Pick<Delivery, "endpoint" | "id">

/** Of those that were added, which stand in the log's order, the first of each chat: of the others one waits before them. */
const foremost = (some: ReadonlyArray<NewDelivery>, added: ReadonlySet<DeliveryId>) => {
  const firsts = new Map<string, NewDelivery>()
  for (const one of some) {
    const place = `${one.endpoint} ${one.chat}`
    if (added.has(one.id) && !firsts.has(place)) firsts.set(place, one)
  }
  return [...firsts.values()]
}
const endpointOf = ({ endpoint }: { readonly endpoint: DestinationId }) => endpoint

export type DeliveryRows = Effect.Success<typeof make>

/** What goes to which endpoint, and how far that is. Beside the views: losing it repeats, and loses nothing. */
export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const leases = yield* Leases
  for (const table of [deliverer, deliveries]) yield* open(sql, table)
  const standing = yield* StandingRows.make
  /** Side by side, neither would see the other's deliveries of a chat, and nobody would be next there. */
  const filling = yield* Semaphore.make(1)
  const shown = sql.literal(columns)

  const move = (id: number, from: bigint | undefined, to: Mark) =>
    Effect.flatMap(
      from === undefined
        ? sql`INSERT INTO deliverer ${sql.insert({ id, ...rowOf(to) })} ON CONFLICT DO NOTHING RETURNING id`
        : sql`UPDATE deliverer SET ${sql.update(rowOf(to))} WHERE id = ${id} AND position = ${String(from)} RETURNING id`,
      (moved) => (moved.length > 0 ? Effect.void : Effect.fail(new CheckpointMoved()))
    )

  const insert = Effect.fnUntraced(function* (made: ReadonlyArray<NewDelivery>, now: number) {
    if (!Array.isReadonlyArrayNonEmpty(made)) return
    for (const some of Array.chunksOf(made, rowsAtOnce)) {
      const rows = Array.map(some, (one) => ({
        ...one,
        status: "pending",
        turn: 0,
        due: now,
        tries: 0,
        attempts: "[]",
        asked: now
      }))
      const added = yield* sql<Added>`INSERT INTO deliveries ${sql.insert(rows)}
        ON CONFLICT (id) DO NOTHING RETURNING id, endpoint`
      yield* standing.added(added.map(endpointOf))
      yield* opened(foremost(some, new Set(added.map(({ id }) => id))))
    }
  })

  /** Where nothing waits before them, they need not wait either. */
  const opened = (some: ReadonlyArray<NewDelivery>) =>
    some.length === 0
      ? Effect.void
      : sql`UPDATE deliveries SET turn = 1 WHERE turn = 0 AND ${sql.in(
          "id",
          some.map(({ id }) => id)
        )} AND NOT EXISTS (SELECT 1 FROM deliveries AS earlier WHERE earlier.endpoint = deliveries.endpoint
          AND earlier.chat = deliveries.chat AND earlier.status = 'pending' AND earlier.turn < 2
          AND earlier.position < deliveries.position)`

  const settled = (some: Some) => {
    const rows = some.map(({ attempt, delivery: { attempts, id }, due, status, tries }) => {
      const all = JSON.stringify([...attempts, attempt].slice(-mostAttempts))
      return sql`(${id}, ${status}, ${String(due)}, ${String(tries)}, ${all})`
    })
    return sql`UPDATE deliveries SET status = v.column2, due = CAST(v.column3 AS BIGINT),
      tries = CAST(v.column4 AS INTEGER), attempts = v.column5
      FROM (VALUES ${sql.csv(rows)}) AS v WHERE deliveries.id = v.column1`
  }

  /** Of each of these chats the first that waits is the next. */
  const promoted = (some: ReadonlyArray<Chat>) => {
    const chats = some.map(({ chat, endpoint }) => sql`(${endpoint}, ${chat})`)
    const next = sql`UPDATE deliveries SET turn = 1 WHERE id IN (SELECT (SELECT d.id FROM deliveries AS d
      WHERE d.endpoint = v.column1 AND d.chat = v.column2 AND d.status = 'pending' AND d.turn < 2
      ORDER BY d.position LIMIT 1) FROM (VALUES ${sql.csv(chats)}) AS v) RETURNING ${shown}`
    return Effect.flatMap(next, readable)
  }

  /** These wait no more. Of each of their chats the next does, once all of them are settled: it may be among them. */
  const over = Effect.fnUntraced(function* (some: ReadonlyArray<Chat>) {
    yield* standing.taken(some.map(endpointOf))
    const next = yield* Effect.forEach(Array.chunksOf(some, rowsAtOnce), promoted)
    return next.flat()
  })

  const judge = (some: Some, now: number) => {
    const arrived = new Set(some.filter(isDelivered).map(deliveryOf).map(endpointOf))
    const tried = some.filter((one) => !isLast(one))
    const failed = new Set(tried.map(deliveryOf).map(endpointOf)).difference(arrived)
    return standing.judge(arrived, failed, now)
  }

  return {
    checkpoint: (whose: Follower) =>
      Effect.map(
        sql<{ readonly position: string }>`SELECT position FROM deliverer WHERE id = ${followers[whose]}`,
        ([row]) => (row === undefined ? undefined : BigInt(row.position))
      ),

    /** The checkpoint passes an event together with its deliveries, or not at all. */
    take: (
      lease: Lease,
      made: ReadonlyArray<NewDelivery>,
      now: number,
      from: bigint | undefined,
      to: Mark,
      whose: Follower = "endpoints"
    ) => filling.withPermit(leases.fenced(lease, Effect.andThen(move(followers[whose], from, to), insert(made, now)))),

    /** Those of these streams of which something is still to be delivered whole. */
    awaited: Effect.fnUntraced(function* (streams: ReadonlyArray<StreamId>) {
      const found = new Set<StreamId>()
      for (const some of Array.chunksOf(streams, rowsAtOnce)) {
        const rows = yield* sql<{ readonly stream: StreamId }>`SELECT stream FROM deliveries
          WHERE status = 'pending' AND kind = 'raw' AND ${sql.in("stream", some)}`
        for (const { stream } of rows) found.add(stream)
      }
      return found
    }),

    /** Of these endpoints those for which something is due. */
    waiting: Effect.fnUntraced(function* (endpoints: ReadonlyArray<DestinationId>, now: number) {
      if (endpoints.length === 0) return []
      const asked = sql.csv(endpoints.map((endpoint) => sql`(${endpoint})`))
      const rows = yield* sql<{ readonly endpoint: DestinationId }>`
        SELECT v.column1 AS endpoint FROM (VALUES ${asked}) AS v WHERE EXISTS (SELECT 1 FROM deliveries AS d
          WHERE d.endpoint = v.column1 AND d.status = 'pending' AND d.turn > 0 AND d.due <= ${now})`
      return rows.map(({ endpoint }) => endpoint)
    }),

    /** Of each chat the first at most; the longest due first. `unreadable`: the ids of those whose rows are not what was written. */
    due: Effect.fnUntraced(function* (endpoint: DestinationId, now: number, limit: number) {
      const rows = yield* sql<{ readonly id: string }>`SELECT ${shown} FROM deliveries
        WHERE status = 'pending' AND turn > 0 AND endpoint = ${endpoint}
        AND due <= ${now} ORDER BY deliveries.due, deliveries.position LIMIT ${limit}`
      const found = yield* read(rows)
      return {
        due: found.flatMap(({ row }) => row ?? []),
        unreadable: rows.flatMap(({ id }, i) => (found[i]!.row === undefined ? id : []))
      }
    }),

    /** What cannot be read is never delivered, and holds up nobody: answers whoever is next in its chats. */
    setAside: (lease: Lease, unreadable: ReadonlyArray<string>, now: number) =>
      filling.withPermit(
        leases.fenced(
          lease,
          Effect.flatMap(
            sql<Chat>`UPDATE deliveries SET status = 'unreadable', due = ${now}
              WHERE status = 'pending' AND ${sql.in("id", unreadable)} RETURNING endpoint, chat`,
            over
          )
        )
      ),

    /**
     * What attempts came to. Whoever is next in their chats is let go with it, and named; and of the endpoints at which
     * nothing arrives, since when.
     */
    settle: (lease: Lease, outcomes: Array.NonEmptyReadonlyArray<Settled>, now: number) =>
      filling.withPermit(
        leases.fenced(
          lease,
          Effect.gen(function* () {
            for (const some of Array.chunksOf(outcomes, rowsAtOnce)) yield* settled(some)
            const next = yield* over(outcomes.filter(({ status }) => status !== "pending").map(deliveryOf))
            return { next, failing: yield* judge(outcomes, now) }
          })
        )
      ),

    /** How many are pending at each endpoint, and when the oldest of what they tell was recorded. */
    standing: standing.all,
    failing: standing.failing,
    /** What is kept of that is made to be what the deliveries say. */
    recount: (lease: Lease) => filling.withPermit(leases.fenced(lease, standing.recount)),
    overflowing: (lease: Lease, enabled: ReadonlyArray<DestinationId>, most: number) =>
      filling.withPermit(leases.fenced(lease, standing.overflowing(enabled, most))),
    excuse: (lease: Lease, endpoint: DestinationId) => leases.fenced(lease, standing.excuse(endpoint)),

    /** What waits for a further attempt there is due: why it was to wait is over. */
    hasten: (lease: Lease, endpoint: DestinationId, now: number) =>
      leases.fenced(
        lease,
        sql`UPDATE deliveries SET due = ${now} WHERE endpoint = ${endpoint} AND status = 'pending' AND turn > 0
          AND due > ${now}`
      ),

    /** What is due later than `latest`, or has never been tried and is due only later, was put off by a clock that was ahead. */
    recall: (lease: Lease, endpoints: ReadonlyArray<DestinationId>, now: number, latest: number) =>
      endpoints.length === 0
        ? Effect.succeed(0)
        : Effect.map(
            leases.fenced(
              lease,
              sql`UPDATE deliveries SET due = ${now} WHERE ${sql.in("endpoint", endpoints)} AND status = 'pending'
                AND turn > 0 AND due > ${now} AND (due > ${latest} OR tries = 0) RETURNING id`
            ),
            ({ length }) => length
          ),

    /**
     * Tries one that was settled before it was `asked` for again, beside all others of its chat; one that waits for a further
     * attempt is due. What was settled later than now was by a clock that was ahead.
     */
    redrive: (id: DeliveryId, now: number, asked: number) =>
      sql.withTransaction(
        Effect.flatMap(
          sql<Chat>`UPDATE deliveries SET status = 'pending', turn = 2, due = ${now}, tries = 0, asked = ${now}
            WHERE id = ${id} AND status <> 'pending' AND (due <= ${asked} OR due > ${now}) RETURNING endpoint, chat`,
          (some) =>
            some.length > 0
              ? standing.added(some.map(endpointOf))
              : sql`UPDATE deliveries SET due = ${now} WHERE id = ${id} AND status = 'pending' AND turn > 0 AND due > ${now}`
        )
      ),

    find: (id: DeliveryId) =>
      Effect.map(Effect.flatMap(sql`SELECT ${shown} FROM deliveries WHERE id = ${id}`, readable), ([found]) => found),

    /** Of one endpoint, newest first; without the delivery, one whose row is not what was written. */
    list: ({ after, endpoint, limit, status }: DeliveryFilter) =>
      Effect.flatMap(
        sql<{ readonly position: string }>`SELECT ${shown} FROM deliveries WHERE ${sql.and([
          sql`endpoint = ${endpoint}`,
          ...(status === undefined ? [] : [sql`status = ${status}`]),
          ...(after === undefined ? [] : [sql`deliveries.position < ${after}`])
        ])} ORDER BY deliveries.position DESC LIMIT ${limit}`,
        (rows) =>
          Effect.map(read(rows), (found) =>
            found.map(({ row }, i) => ({ position: BigInt(rows[i]!.position), delivery: row }))
          )
      ),

    /** Of an endpoint that is no more. */
    forget: (endpoint: DestinationId) =>
      filling.withPermit(
        Effect.andThen(sql`DELETE FROM deliveries WHERE endpoint = ${endpoint}`, standing.forget(endpoint))
      ),

    /** Of endpoints that are not among these: whoever has lost the lease meanwhile does not know the others. */
    forgetOthers: (lease: Lease, endpoints: ReadonlyArray<DestinationId>, whose: Follower = "endpoints") =>
      leases.fenced(
        lease,
        Effect.andThen(
          sql`DELETE FROM deliveries WHERE NOT ${sql.in("endpoint", endpoints)}
            AND kind ${sql.literal(whose === "endpoints" ? "=" : "<>")} 'event'`,
          standing.forgetOthers(endpoints)
        )
      ),

    /** What arrived, or was given up, before these. */
    prune: (delivered: number, dead: number) =>
      sql`DELETE FROM deliveries WHERE status <> 'pending' AND due < ${delivered} AND (status = 'delivered' OR due < ${dead})`
  }
})

export interface ListedDelivery {
  readonly position: bigint
  readonly delivery: Delivery | undefined
}

export interface DeliveryFilter {
  readonly endpoint: DestinationId
  readonly status: DeliveryStatus | undefined
  readonly after: bigint | undefined
  readonly limit: number
}
