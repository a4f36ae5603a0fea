import { assert, it } from "@effect/vitest"
import { Clock, Effect, Layer, type Queue } from "effect"
import { TestClock } from "effect/testing"
import { DeliveryId, EventId, StreamId, TargetId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Leases } from "#domain/ports/Leases.ts"
import { database, mark } from "../testing/DeliveriesFixture.ts"
import { uuid } from "../testing/ViewsFixture.ts"
import type { Answered } from "../webhooks/Answered.ts"
import * as Deliverer from "../webhooks/Deliverer.ts"
import { Deliveries } from "../webhooks/Deliveries.ts"
import type { Delivery, NewDelivery } from "../webhooks/Delivery.ts"
import * as DeliveryRows from "../webhooks/DeliveryRows.ts"
import type { Destination } from "../webhooks/Destination.ts"
import type { Lane } from "../webhooks/Lane.ts"
import { delayAfter, type Schedule } from "../webhooks/Retries.ts"
import { schedule } from "./Patience.ts"

/** Regions whose answers the clock decides: the rows, the lane's work and its patience are those of the product. */

const [brazil, europe] = [1, 2].map((n): Destination & { readonly id: TargetId } => ({
  id: TargetId.make(uuid(900 + n)),
  aimedBy: EventId.make(uuid(910 + n)),
  aimedAt: fromMillis(0)
})) as [Destination, Destination]
const all = [brazil, europe]

const of = (n: number, { id: endpoint }: Destination, chats: number): NewDelivery => ({
  id: DeliveryId.make(uuid(10_000 + n)),
  kind: "change",
  endpoint,
  event: EventId.make(uuid(10_000 + n)),
  stream: StreamId.make(`meta-${uuid(10_000 + n)}`),
  revision: 0,
  position: BigInt(n),
  type: "homing.meta.message.v1",
  chat: `chat ${n % chats}`,
  recorded: 0
})

const hour = 3_600_000
const minute = 60_000

interface Taken {
  readonly at: number
  readonly delivery: Delivery
}

const scene = Effect.fnUntraced(function* (
  isUp: (id: string, now: number, chat: string) => boolean,
  retries: Schedule = schedule
) {
  const rows = yield* DeliveryRows.make
  const taken = new Map<string, Array<Taken>>(all.map(({ id }) => [id, []]))
  let attempts = 0
  const lane: Lane<Destination> = {
    name: "forwarding",
    find: (id) => all.find((one) => one.id === id),
    enabled: () => all,
    isEnabled: () => true,
    deliver: Effect.fnUntraced(function* (delivery) {
      const at = yield* Clock.currentTimeMillis
      attempts++
      const isDelivered = isUp(delivery.endpoint, at, delivery.chat)
      yield* Effect.sleep(isDelivered ? 20 : 1_000)
      if (isDelivered) taken.get(delivery.endpoint)!.push({ at, delivery })
      const attempt = { at: fromMillis(at), ...(isDelivered ? { status: 200 } : { error: "unreachable" }), millis: 20 }
      const answered: Answered = { attempt, isDelivered, isGone: false, wishMillis: undefined }
      return answered
    }),
    fill: () => Effect.never,
    retries,
    isPatient: true,
    failed: () => Effect.void,
    tend: () => Effect.void,
    counts: { attempted: () => {}, settled: () => {}, arrived: () => {} }
  }
  const [lease] = (yield* (yield* Leases).renew({ name: "forwarding", partitions: 1 })).leases
  const fill = (some: ReadonlyArray<NewDelivery>) => rows.take(lease!, some, 0, undefined, mark(some.length), "targets")
  const deliveries = { rows, wakes: new Set<Queue.Queue<void>>() } as Partial<Deliveries["Service"]>
  const run = Deliverer.run(lane).pipe(
    Effect.provideService(Deliveries, deliveries as Deliveries["Service"]),
    Effect.provideService(EventStore, {} as EventStore["Service"]) // nobody follows a log
  )
  return { fill, run, rows, taken, attempts: () => attempts }
})

const pass = (millis: number, step: number) =>
  Effect.forEach(Array.from({ length: Math.ceil(millis / step) }), () => TestClock.adjust(step), { discard: true })

it.effect(
  "a region that is away for an hour gets all that waits, in the order of each chat, once it is back; the other never notices",
  () =>
    Effect.gen(function* () {
      const { attempts, fill, rows, run, taken } = yield* scene((id, now) => id === europe.id || now >= hour)
      const [updates, chats] = [5_000, 400]
      yield* fill(Array.from({ length: 2 * updates }, (_, i) => of(i + 1, all[i % 2]!, chats)))
      yield* run
      yield* pass(minute, 500)
      const there = taken.get(europe.id)!
      assert.lengthOf(there, updates)
      const tried = attempts() - updates
      assert.isAtMost(tried, 40)
      yield* pass(hour - minute, 10_000)
      assert.lengthOf(taken.get(brazil.id)!, 0)
      assert.isAtMost(attempts() - updates, 450) // it is asked every ten seconds or so, and not by everything that waits
      yield* pass(5 * minute, 500)
      const back = taken.get(brazil.id)!
      assert.lengthOf(back, updates)
      assert.isAtMost(back[0]!.at, hour + 20_000)
      for (const some of [there, back]) {
        for (const chat of Map.groupBy(some, ({ delivery }) => delivery.chat).values()) {
          const order = chat.map(({ delivery }) => delivery.position)
          assert.deepStrictEqual(
            order,
            order.toSorted((a, b) => Number(a - b))
          )
        }
      }
      assert.deepStrictEqual(yield* rows.standing, [])
    }).pipe(Effect.provide(Layer.fresh(database)))
)

it.effect("what waits in few chats follows the first that arrives at once, however long it was to wait", () =>
  Effect.gen(function* () {
    const { fill, run, taken } = yield* scene((_, now) => now >= hour)
    yield* fill(Array.from({ length: 30 }, (_, i) => of(i + 1, brazil, 3)))
    yield* run
    yield* pass(hour, 10_000)
    yield* pass(7 * minute, 1_000)
    const back = taken.get(brazil.id)!
    assert.lengthOf(back, 30)
    assert.isAtMost(back.at(-1)!.at - back[0]!.at, 10_000)
  }).pipe(Effect.provide(Layer.fresh(database)))
)

it.effect("what is never taken is given up after its time, and holds up no other chat", () =>
  Effect.gen(function* () {
    const soon = { delaysMillis: [0, 1_000], lastingMillis: minute }
    const { fill, rows, run, taken } = yield* scene((_, __, chat) => chat !== "chat 0", soon)
    yield* fill([1, 2, 3, 4].map((n) => of(n, brazil, 2)))
    yield* run
    yield* pass(minute - 5_000, 500)
    assert.deepStrictEqual(
      taken.get(brazil.id)!.map(({ delivery }) => delivery.position),
      [1n, 3n]
    )
    const poison = Effect.map(rows.find(DeliveryId.make(uuid(10_002))), (found) => found!)
    assert.strictEqual((yield* poison).status, "pending")
    yield* pass(15_000, 500)
    assert.strictEqual((yield* poison).status, "dead")
    assert.isAbove((yield* poison).tries, 10)
    assert.strictEqual((yield* rows.find(DeliveryId.make(uuid(10_004))))!.status, "pending")
  }).pipe(Effect.provide(Layer.fresh(database)))
)

it("goes on for seven days, and never less often than every six minutes", () => {
  const after = (tries: number, lasted: number, chance = 0) => delayAfter(tries, undefined, chance, schedule, lasted)
  assert.deepStrictEqual(
    [1, 2, 3, 4].map((tries) => after(tries, 0)),
    [5_000, 30_000, 2 * minute, 5 * minute]
  )
  assert.strictEqual(after(2_000, 7 * 24 * hour - 1), 5 * minute)
  assert.isAtMost(after(2_000, 0, 0.999)!, 6 * minute)
  assert.strictEqual(after(2_000, 7 * 24 * hour), undefined)
})
