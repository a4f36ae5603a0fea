import { Array, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { DeliveryId, EndpointId, EventId, StreamId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import { type Lease, Leases } from "#domain/ports/Leases.ts"
import { CheckpointMoved } from "../runtime/Checkpoint.ts"
import { deliverer } from "../tables/Positions.ts"
import { open, type Table } from "../tables/Tables.ts"
import { reader } from "../views/Readable.ts"

export const statuses = ["pending", "delivered", "dead"] as const
export type DeliveryStatus = (typeof statuses)[number]

/**
 * `turn`: 0 waits for one before it in its chat, 1 is the first of its chat, 2 was asked for again and waits for nothing.
 * Instants are milliseconds.
 */
const deliveries: Table = {
  name: "deliveries",
  create: (sql) =>
    Effect.all(
      [
        sql`CREATE TABLE deliveries (
          id TEXT PRIMARY KEY, endpoint TEXT NOT NULL, event TEXT NOT NULL, stream TEXT NOT NULL, revision INTEGER NOT NULL,
          position BIGINT NOT NULL, type TEXT NOT NULL, chat TEXT NOT NULL, status TEXT NOT NULL, turn INTEGER NOT NULL,
          due BIGINT NOT NULL, tries INTEGER NOT NULL, attempts TEXT NOT NULL)`,
        sql`CREATE INDEX deliveries_due ON deliveries (endpoint, due) WHERE status = 'pending' AND turn > 0`,
        sql`CREATE INDEX deliveries_chat ON deliveries (endpoint, chat, status, position)`,
        sql`CREATE INDEX deliveries_order ON deliveries (endpoint, position)`,
        sql`CREATE INDEX deliveries_age ON deliveries (due) WHERE status <> 'pending'`
      ],
      { discard: true }
    )
}

/** Since when nothing arrives at an endpoint. */
const failures: Table = {
  name: "endpoint_failures",
  create: (sql) => sql`CREATE TABLE endpoint_failures (endpoint TEXT PRIMARY KEY, since BIGINT NOT NULL)`
}

const Attempt = Schema.Struct({
  at: Instant,
  /** What the endpoint answered. */
  status: Schema.optionalKey(Schema.Natural),
  /** Why there was no answer. */
  error: Schema.optionalKey(Schema.String),
  millis: Schema.Natural
})
export type Attempt = typeof Attempt.Type

const Row = Schema.Struct({
  id: DeliveryId,
  endpoint: EndpointId,
  event: EventId,
  stream: StreamId,
  revision: Schema.Natural,
  position: Schema.BigIntFromString,
  type: Schema.String,
  chat: Schema.String,
  status: Schema.Literals(statuses),
  /** When it is attempted next, or was settled. */
  due: Schema.NumberFromString,
  /** Since it was made, or asked for again. */
  tries: Schema.Natural,
  attempts: Schema.fromJsonString(Schema.Array(Attempt))
})
export type Delivery = typeof Row.Type
/** One that is to be made. */
export type NewDelivery = Omit<Delivery, "status" | "due" | "tries" | "attempts">

const columns =
  "id, endpoint, event, stream, revision, CAST(position AS TEXT) AS position, type, chat, status, CAST(due AS TEXT) AS due, tries, attempts"
const read = reader("deliveries", Row)
const readable = (rows: ReadonlyArray<object>) =>
  Effect.map(read(rows), (found) => found.flatMap(({ row }) => row ?? []))

const rowsAtOnce = 50
const mostAttempts = 24

/** What has become of a delivery. */
export interface Settled {
  readonly status: DeliveryStatus
  readonly due: number
  readonly tries: number
  readonly attempt: Attempt
}

export type DeliveryRows = Effect.Success<typeof make>

/** What goes to which endpoint, and how far that is. Beside the views: losing it repeats, and loses nothing. */
export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const leases = yield* Leases
  for (const table of [deliverer, deliveries, failures]) yield* open(sql, table)
  const shown = sql.literal(columns)

  const move = (from: bigint | undefined, to: bigint) =>
    Effect.flatMap(
      from === undefined
        ? sql`INSERT INTO deliverer (id, position) VALUES (1, ${String(to)}) ON CONFLICT DO NOTHING RETURNING id`
        : sql`UPDATE deliverer SET position = ${String(to)} WHERE id = 1 AND position = ${String(from)} RETURNING id`,
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
        attempts: "[]"
      }))
      yield* sql`INSERT INTO deliveries ${sql.insert(rows)} ON CONFLICT (id) DO NOTHING`
      yield* sql`UPDATE deliveries SET turn = 1 WHERE turn = 0 AND ${sql.in(
        "id",
        some.map(({ id }) => id)
      )} AND NOT EXISTS (SELECT 1 FROM deliveries AS earlier WHERE earlier.endpoint = deliveries.endpoint
        AND earlier.chat = deliveries.chat AND earlier.status = 'pending' AND earlier.turn < 2
        AND earlier.position < deliveries.position)`
    }
  })

  /** The first that waits in the chat is the next. */
  const promote = ({ chat, endpoint }: Pick<Delivery, "chat" | "endpoint">) =>
    sql`UPDATE deliveries SET turn = 1 WHERE id = (SELECT id FROM deliveries WHERE endpoint = ${endpoint}
      AND chat = ${chat} AND status = 'pending' AND turn < 2 ORDER BY deliveries.position LIMIT 1)`

  return {
    checkpoint: Effect.map(sql<{ readonly position: string }>`SELECT position FROM deliverer WHERE id = 1`, ([row]) =>
      row === undefined ? undefined : BigInt(row.position)
    ),

    /** The checkpoint passes an event together with its deliveries, or not at all. */
    take: (lease: Lease, made: ReadonlyArray<NewDelivery>, now: number, from: bigint | undefined, to: bigint) =>
      leases.fenced(lease, Effect.andThen(move(from, to), insert(made, now))),

    /** Endpoints for which something is due. */
    waiting: (now: number) =>
      Effect.map(
        sql<{ readonly endpoint: EndpointId }>`SELECT DISTINCT endpoint FROM deliveries
          WHERE status = 'pending' AND turn > 0 AND due <= ${now}`,
        (rows) => rows.map(({ endpoint }) => endpoint)
      ),

    /** Of each chat the first at most; the longest due first. */
    due: (endpoint: EndpointId, now: number, limit: number) =>
      Effect.flatMap(
        sql`SELECT ${shown} FROM deliveries WHERE status = 'pending' AND turn > 0 AND endpoint = ${endpoint}
          AND due <= ${now} ORDER BY deliveries.due, deliveries.position LIMIT ${limit}`,
        readable
      ),

    /** The outcome of an attempt. Whoever is next in the chat is let go with it. */
    settle: (lease: Lease, delivery: Delivery, { attempt, due, status, tries }: Settled) =>
      leases.fenced(
        lease,
        Effect.gen(function* () {
          const attempts = JSON.stringify([...delivery.attempts, attempt].slice(-mostAttempts))
          yield* sql`UPDATE deliveries SET status = ${status}, due = ${due}, tries = ${tries}, attempts = ${attempts}
            WHERE id = ${delivery.id}`
          if (status !== "pending") yield* promote(delivery)
          if (status === "delivered") yield* sql`DELETE FROM endpoint_failures WHERE endpoint = ${delivery.endpoint}`
        })
      ),

    /** Since when nothing has arrived there; from now on, if something did. */
    failing: Effect.fnUntraced(function* (lease: Lease, endpoint: EndpointId, now: number) {
      yield* leases.fenced(
        lease,
        sql`INSERT INTO endpoint_failures (endpoint, since) VALUES (${endpoint}, ${now}) ON CONFLICT DO NOTHING`
      )
      const [row] = yield* sql<{ readonly since: string }>`
        SELECT CAST(since AS TEXT) AS since FROM endpoint_failures WHERE endpoint = ${endpoint}`
      return Number(row?.since ?? now)
    }),

    /** As if nothing had failed yet. */
    forgive: (endpoint: EndpointId) => sql`DELETE FROM endpoint_failures WHERE endpoint = ${endpoint}`,

    /** Tries one that was settled again, beside all others of its chat. */
    redrive: (id: DeliveryId, now: number) =>
      sql`UPDATE deliveries SET status = 'pending', turn = 2, due = ${now}, tries = 0
        WHERE id = ${id} AND status <> 'pending'`,

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
    forget: (endpoint: EndpointId) =>
      Effect.andThen(
        sql`DELETE FROM deliveries WHERE endpoint = ${endpoint}`,
        sql`DELETE FROM endpoint_failures WHERE endpoint = ${endpoint}`
      ),

    /** Of endpoints that are not among these. */
    forgetOthers: (endpoints: ReadonlyArray<EndpointId>) =>
      Effect.andThen(
        sql`DELETE FROM deliveries WHERE NOT ${sql.in("endpoint", endpoints)}`,
        sql`DELETE FROM endpoint_failures WHERE NOT ${sql.in("endpoint", endpoints)}`
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
  readonly endpoint: EndpointId
  readonly status: DeliveryStatus | undefined
  readonly after: bigint | undefined
  readonly limit: number
}
