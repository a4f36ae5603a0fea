import { assert, describe, it } from "@effect/vitest"
import { Array, Clock, Duration, Effect, Latch, Layer } from "effect"
import { EventId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import * as SqliteEventStore from "#infra/event-store/sqlite/Sqlite.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { provenance, queued, recorded } from "../testing/ViewsFixture.ts"
import * as Projections from "./Projections.ts"
import { Registrations } from "./Registrations.ts"

/** One commit of so many events. */
const append = Effect.fnUntraced(function* (count: number) {
  const store = yield* EventStore
  const { data, metadata, type } = queued(1, 0n, "")
  const { stream } = recorded(`message-${crypto.randomUUID()}`, 0, 0n, { type, data })
  const events = Array.makeBy(count, () => ({ eventId: EventId.make(crypto.randomUUID()), type, data, metadata }))
  return (yield* store.append(stream, "no_stream", events)).position
})

/** A view that keeps nothing, on a clock that does not let it rest: how often and for how long it would have, is told. */
const followed = Effect.fnUntraced(function* (open: Effect.Effect<unknown> = Effect.void) {
  const clock = yield* Clock.Clock
  const told: globalThis.Array<"wrote" | number> = []
  const sleep = (duration: Duration.Duration) => {
    const millis = Duration.toMillis(duration)
    return millis === 50 || millis === 500 ? Effect.sync(() => void told.push(millis)) : clock.sleep(duration)
  }
  let written = 0n
  const wrote = (position: bigint) => {
    written = position
    told.push("wrote")
  }
  const registering = Layer.effectDiscard(
    Effect.map(Registrations, ({ register }) =>
      register({
        rows: {
          name: "nothing",
          version: 1,
          categories: ["message"],
          tables: [{ name: "nothing", filledBy: "setup" }],
          setup: () => Effect.void,
          writer: () => ({
            apply: (_, events) => Effect.map(open, () => wrote(Array.lastNonEmpty(events).position))
          })
        },
        memory: { hydrate: () => Effect.void, follow: () => {} }
      })
    )
  )
  yield* Layer.build(
    Projections.layer(registering).pipe(
      Layer.provide([InProcessLeases.layer, provenance]),
      Layer.provide(SqliteClient.layer(":memory:", { durability: "checkpoint" }))
    )
  ).pipe(Effect.provideService(Clock.Clock, Object.assign(Object.create(clock), { sleep })))
  /** The rests until it has written what stands up to this position, and the one after that. */
  const rests = Effect.fnUntraced(function* (position: bigint) {
    yield* Effect.repeat(Effect.yieldNow, { until: () => written >= position && told.at(-1) !== "wrote" })
    return told.splice(0).filter((one) => one !== "wrote")
  })
  return { rests }
})

const world = Layer.fresh(SqliteEventStore.layer(":memory:"))

describe("a view's rest", () => {
  it.live("comes when all that stood in the log at the start is written", () =>
    Effect.gen(function* () {
      const head = yield* append(2_600)
      const { rests } = yield* followed()
      assert.deepStrictEqual(yield* rests(head), [500])
    }).pipe(Effect.provide(world))
  )

  it.live("is longer after many live events than after few", () =>
    Effect.gen(function* () {
      const { rests } = yield* followed()
      assert.deepStrictEqual(yield* rests(yield* append(31)), [50])
      assert.deepStrictEqual(yield* rests(yield* append(32)), [500])
      assert.deepStrictEqual(yield* rests(yield* append(900)), [500])
      assert.deepStrictEqual(yield* rests(yield* append(1)), [50])
    }).pipe(Effect.provide(world))
  )

  it.live("is left out by one that fell behind what comes live", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const { rests } = yield* followed(latch.await)
      yield* append(1)
      let last = 0n
      for (let i = 0; i < 6; i++) last = yield* append(1_000) // more than waits for one subscriber
      yield* latch.open
      // it learns with the first page how far behind it is
      assert.deepStrictEqual(yield* rests(last), [50, 500, 500])
    }).pipe(Effect.provide(world))
  )
})
