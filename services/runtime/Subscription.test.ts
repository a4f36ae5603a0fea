import { assert, it } from "@effect/vitest"
import { Array, Effect, Fiber, Layer, References, Stream } from "effect"
import { TestClock } from "effect/testing"
import { CommandId, defaultTenant, EventId, StreamId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { EventStore, EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { NewEvent, RecordedEvent } from "#domain/Recorded.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import { follow } from "./Subscription.ts"

const newEvent = (type: string): NewEvent => ({
  eventId: EventId.make(crypto.randomUUID()),
  type,
  data: {},
  metadata: {
    v: 1,
    tenant: defaultTenant,
    actor: { kind: "gateway", id: "test" },
    commandId: CommandId.make(crypto.randomUUID()),
    correlationId: "story",
    causationId: "request",
    occurredAt: fromMillis(0),
    region: "home",
    producer: "test"
  }
})
const streamOf = (category: string) => StreamId.make(`${category}-${crypto.randomUUID()}`)
const quiet = Layer.succeed(References.MinimumLogLevel, "None")
const layer = Layer.fresh(Layer.merge(Sqlite.layer(":memory:"), quiet))

/** Appends each list of types as one commit, to a stream of its own. */
const append = Effect.fnUntraced(function* (...commits: ReadonlyArray<string>) {
  const store = yield* EventStore
  for (const types of commits) {
    const events = types.split(" ").map(newEvent)
    if (Array.isReadonlyArrayNonEmpty(events)) yield* store.append(streamOf("thing"), "no_stream", events)
  }
})

/** Follows with what a test makes of the store and of each array, and tells which types were handled. */
const started = Effect.fnUntraced(function* (
  options: {
    readonly after?: bigint
    readonly store?: Partial<EventStore["Service"]>
    readonly handle?: (types: ReadonlyArray<string>) => Effect.Effect<void, string>
  } = {}
) {
  const store = yield* EventStore
  const handled: globalThis.Array<string> = []
  const fiber = yield* follow({
    name: "test",
    categories: ["thing"],
    after: options.after,
    handle: (events: ReadonlyArray<RecordedEvent>) => {
      const types = events.map(({ type }) => type)
      return Effect.map(options.handle?.(types) ?? Effect.void, () => void handled.push(...types))
    }
  }).pipe(
    Effect.provideService(EventStore, { ...store, ...options.store }),
    Effect.forkChild({ startImmediately: true })
  )
  const until = (count: number) =>
    Effect.repeat(TestClock.adjust("100 millis"), { until: () => handled.length >= count, times: 2_000 })
  return { handled, fiber, until }
})

it.effect("handles what is there and what comes, in order, after its position", () =>
  Effect.gen(function* () {
    const store = yield* EventStore
    yield* append("1", "2 3")
    const after = yield* store.head
    yield* append("4 5")
    const all = yield* started()
    const later = yield* started({ after: after! })
    yield* append("6")
    yield* store.append(streamOf("other"), "no_stream", [newEvent("no")])
    yield* append("7 8")
    yield* all.until(8)
    yield* later.until(5)
    assert.deepStrictEqual(all.handled.join(" "), "1 2 3 4 5 6 7 8")
    assert.deepStrictEqual(later.handled.join(" "), "4 5 6 7 8")
  }).pipe(Effect.provide(layer))
)

it.effect("goes on without gap or repetition when the store goes away, ends or breaks", () =>
  Effect.gen(function* () {
    const store = yield* EventStore
    let subscriptions = 0
    const flaky: EventStore["Service"]["subscribe"] = (options) => {
      const events = store.subscribe(options)
      switch (++subscriptions % 4) {
        case 1:
          return Stream.concat(
            Stream.take(events, 2),
            Stream.fail(new EventStoreUnavailable({ written: "no", cause: "" }))
          )
        case 2:
          return Stream.take(events, 3)
        case 3:
          return Stream.concat(Stream.take(events, 1), Stream.die("broken"))
        default:
          return Stream.fail(new EventStoreUnavailable({ written: "no", cause: "" }))
      }
    }
    const { handled, until } = yield* started({ store: { subscribe: flaky } })
    const types = Array.makeBy(40, String)
    yield* append(...types)
    yield* until(40)
    assert.deepStrictEqual(handled, types)
    assert.isAbove(subscriptions, 16)
  }).pipe(Effect.provide(layer))
)

it.effect("handles an array again, whole, until it is handled; nothing passes it", () =>
  Effect.gen(function* () {
    const tried: globalThis.Array<string> = []
    let failures = 0
    const { handled, until } = yield* started({
      handle: (types) => {
        tried.push(types.join(" "))
        if (!types.includes("3") || failures === 4) return Effect.void
        return ++failures % 2 === 0 ? Effect.die("broken") : Effect.fail("not now")
      }
    })
    yield* append("1 2", "3 4", "5")
    yield* until(5)
    assert.strictEqual(handled.join(" "), "1 2 3 4 5")
    assert.isAtLeast(tried.length, 6)
    assert.strictEqual(failures, 4)
  }).pipe(Effect.provide(layer))
)

it.effect("waits longer from failure to failure, and begins small again after a success", () =>
  Effect.gen(function* () {
    let tries = 0
    let broken = true
    const { fiber, until } = yield* started({
      handle: () => {
        tries++
        return broken ? Effect.fail("not now") : Effect.void
      }
    })
    yield* append("1")
    const triesWithin = Effect.fnUntraced(function* (seconds: number) {
      const before = tries
      for (let i = 0; i < seconds * 10; i++) yield* TestClock.adjust("100 millis")
      return tries - before
    })
    assert.isAbove(yield* triesWithin(2), 3)
    yield* triesWithin(60)
    const later = yield* triesWithin(60)
    assert.isTrue(later >= 5 && later <= 7, `${later} tries in a minute`)
    broken = false
    yield* until(1)
    broken = true
    yield* append("2")
    assert.isAbove(yield* triesWithin(2), 3)
    yield* Fiber.interrupt(fiber)
  }).pipe(Effect.provide(layer))
)

it.effect("does not spin on a subscription that ends at once", () =>
  Effect.gen(function* () {
    let subscriptions = 0
    const subscribe = () => {
      subscriptions++
      return Stream.empty
    }
    yield* started({ store: { subscribe } })
    for (let i = 0; i < 100; i++) yield* TestClock.adjust("10 millis")
    assert.isTrue(subscriptions > 1 && subscriptions < 8, `${subscriptions} subscriptions in a second`)
  }).pipe(Effect.provide(layer))
)
