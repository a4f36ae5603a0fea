import { it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { DeliveryId, EndpointId, EventId, StreamId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Leases } from "#domain/ports/Leases.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import type { Delivery, DeliveryStatus, NewDelivery, Settled } from "../webhooks/Delivery.ts"
import * as DeliveryRows from "../webhooks/DeliveryRows.ts"
import { uuid } from "./ViewsFixture.ts"

/** Deliveries to two endpoints, in each database there may be. */

export const database = InProcessLeases.layer.pipe(
  Layer.provideMerge(SqliteClient.layer(":memory:", { durability: "checkpoint" }))
)
export const [one, other] = [EndpointId.make(uuid(901)), EndpointId.make(uuid(902))]
export const made = (n: number, chat: string, endpoint = one): NewDelivery => ({
  id: DeliveryId.make(uuid(n)),
  kind: "event",
  endpoint,
  event: EventId.make(uuid(n)),
  stream: StreamId.make(`message-${uuid(n)}`),
  revision: 0,
  position: BigInt(n),
  type: "homing.message.queued.v1",
  chat,
  recorded: n
})
export const settled = (status: DeliveryStatus, due = 0): Omit<Settled, "delivery"> => ({
  status,
  due,
  tries: 1,
  attempt: { at: fromMillis(0), status: 200, millis: 1 }
})
export const mark = (n: number) => ({ position: BigInt(n), eventId: EventId.make(uuid(n)) })
export const numbers = (rows: ReadonlyArray<Delivery>) => rows.map(({ position }) => Number(position))

export const scene = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* DeliveryRows.make
  const [lease] = (yield* (yield* Leases).renew({ name: "deliveries", partitions: 1 })).leases
  const dueAt = (endpoint: EndpointId, now = 100, limit = 8) =>
    Effect.map(rows.due(endpoint, now, limit), ({ due }) => due)
  const due = (now = 100) => Effect.map(dueAt(one, now), numbers)
  const settle = Effect.fnUntraced(function* (n: number, outcome: ReturnType<typeof settled>, now = 100) {
    const delivery = (yield* rows.find(DeliveryId.make(uuid(n))))!
    return yield* rows.settle(lease!, [{ ...outcome, delivery }], now)
  })
  return { sql, rows, lease: lease!, due, dueAt, settle }
})

type Held = readonly [what: string, held: Effect.Effect<void, unknown, SqlClient.SqlClient | Leases>]

/** What every database owes. */
export const everywhere = (what: string, holds: ReadonlyArray<Held>) => {
  for (const [what, held] of holds) it.effect(what, () => Effect.provide(held, Layer.fresh(database)))

  describeWith("PostgreSQL", `${what} in PostgreSQL`, () => {
    it.layer(Postgres.layer, { timeout: "60 seconds", excludeTestServices: true })("as well", (it) => {
      const fresh = Layer.unwrap(
        Effect.map(
          Effect.flatMap(
            Effect.flatMap(Postgres, ({ database }) => database),
            clientOf
          ),
          (sql) => InProcessLeases.layer.pipe(Layer.provideMerge(Layer.succeed(SqlClient.SqlClient, sql)))
        )
      )
      for (const [what, held] of holds) it.effect(what, () => Effect.provide(held, Layer.fresh(fresh)))
    })
  })
}
