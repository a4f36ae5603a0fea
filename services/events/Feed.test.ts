import { assert, describe, it } from "@effect/vitest"
import { Array, Context, Effect, Exit, Fiber, Layer } from "effect"
import { StreamId } from "#domain/Ids.ts"
import { Later } from "#domain/Later.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { patience, patienceMillis, until } from "#domain/testing/Eventually.ts"
import { newEvent } from "#infra/event-store/contract/Fixtures.ts"
import { device, foreign, messageOf, reporting } from "../testing/ReportingFixture.ts"
import { uuid } from "../testing/ViewsFixture.ts"
import { Views } from "../views/Views.ts"
import { type Asked, Feed, layer } from "./Feed.ts"
import { PublicEvents } from "./PublicEvents.ts"

const all: Asked = {
  after: undefined,
  types: undefined,
  device: undefined,
  chat: undefined,
  seen: undefined,
  limit: 100,
  waitMs: 0,
  personal: false
}
const ids = ({ items }: { readonly items: ReadonlyArray<{ readonly subject: string }> }) =>
  items.map(({ subject }) => subject)

/** A feed over a log in memory, in which two devices are; `before`: what happens when the head was read. */
const feeding = Effect.fnUntraced(function* (mostWaiting = 10) {
  const world = yield* reporting()
  const asked = { heads: 0, subscriptions: 0, onHead: Effect.void as Effect.Effect<void> }
  const known = { until: (_position: bigint): Effect.Effect<void> => Effect.void }
  const views = { reached: (position: bigint) => Effect.suspend(() => known.until(position)) } as Views["Service"]
  const store: EventStore["Service"] = {
    ...world.store,
    head: Effect.tap(world.store.head, () => {
      asked.heads++
      return Effect.suspend(() => asked.onHead)
    }),
    subscribe: (from) => {
      asked.subscriptions++
      return world.store.subscribe(from)
    }
  }
  const feed = yield* Layer.build(
    layer({ mostWaiting }).pipe(
      Layer.provide([
        Layer.succeed(EventStore, store),
        Layer.succeed(PublicEvents, world.publicEvents),
        Layer.succeed(Views, views)
      ]),
      Layer.fresh
    )
  )
  const { listen, read, releaseWaits } = Context.get(feed, Feed)
  const { upTo: now } = yield* read(all)
  return { ...world, asked, known, listen, now, read, releaseWaits }
})

describe("the feed of events", () => {
  it.live("has every event once and in order, in pages of any size", () =>
    Effect.gen(function* () {
      const { queue, read } = yield* feeding()
      for (let n = 1; n <= 7; n++) yield* queue(n, n % 2 === 0 ? foreign : device)
      const whole = yield* read(all)
      assert.deepStrictEqual(ids(whole), [device, foreign, ...[1, 2, 3, 4, 5, 6, 7].map(messageOf)])
      for (const limit of [1, 2, 3, 9]) {
        const paged: Array<string> = []
        for (let [after, more]: [bigint | undefined, boolean] = [undefined, true]; more; ) {
          const page: Effect.Success<ReturnType<typeof read>> = yield* read({ ...all, after, limit })
          assert.isAtMost(page.items.length, limit)
          paged.push(...ids(page))
          ;[after, more] = [page.upTo, page.hasMore]
        }
        assert.deepStrictEqual(paged, ids(whole))
      }
      const [types, even] = [new Set(["homing.message.queued.v1"] as const), [2, 4, 6].map(messageOf)]
      assert.deepStrictEqual<unknown>(ids(yield* read({ ...all, types, device: foreign })), even)
    })
  )

  it.live("tells of a stretch in which nothing matches how far it was read", () =>
    Effect.gen(function* () {
      const { now, queue, read, store } = yield* feeding()
      const many = Array.makeBy(2_100, () => newEvent("client.created.v1", {})) as unknown as Array.NonEmptyArray<
        ReturnType<typeof newEvent>
      >
      yield* store.append(StreamId.make(`client-${uuid(1)}`), "no_stream", many)
      yield* queue(1)
      const first = yield* read({ ...all, after: now, waitMs: 30_000 })
      assert.deepStrictEqual([first.items, first.hasMore], [[], true])
      const second = yield* read({ ...all, after: first.upTo })
      assert.deepStrictEqual([ids(second), second.hasMore], [[messageOf(1)], false])
    })
  )

  it.live("wakes who waits when what they want was recorded, and asks the store for nothing before", () =>
    Effect.gen(function* () {
      const { asked, now, queue, read } = yield* feeding()
      const waiting = yield* Effect.forkChild(read({ ...all, after: now, device: foreign, waitMs: patienceMillis }))
      yield* Effect.sleep(100)
      const before = { ...asked }
      yield* queue(1)
      yield* Effect.sleep(300)
      assert.deepStrictEqual({ ...asked }, before)
      yield* queue(2, foreign)
      const found = yield* Fiber.join(waiting)
      assert.deepStrictEqual(ids(found), [messageOf(2)])
    })
  )

  it.live("keeps an event that cannot be read from nobody who can do without it, though somebody waits", () =>
    Effect.gen(function* () {
      const { listen, now, queue, read, store } = yield* feeding()
      const heard: Array<string> = []
      yield* listen((events) => Effect.sync(() => void heard.push(...events.map(({ stream }) => stream))))
      const waiting = yield* Effect.forkChild(Effect.exit(read({ ...all, after: now, waitMs: patienceMillis })))
      yield* Effect.sleep(50)
      const odd = StreamId.make(`message-${uuid(9)}`)
      yield* store.append(odd, "no_stream", [newEvent("message.queued.v1", {})])
      yield* queue(1)
      yield* until(() => heard.length === 2)
      assert.strictEqual(heard[0], odd)
      assert.isTrue(Exit.hasDies(yield* Fiber.join(waiting)))
    })
  )

  it.live("tells nothing before what was decided about keys earlier is in force here", () =>
    Effect.gen(function* () {
      const { known, listen, now, queue, read, store } = yield* feeding()
      const inForce = new Later<void>()
      const asked = new Later<void>()
      known.until = () => {
        asked.tell(Exit.void)
        return inForce.told
      }
      const heard: Array<string> = []
      const listening = yield* Effect.forkChild(
        listen((events) => Effect.sync(() => heard.push(...events.map(({ type }) => type))))
      )
      yield* Fiber.join(listening)
      const waiting = yield* Effect.forkChild(read({ ...all, after: now, waitMs: patienceMillis }))
      yield* store.append(StreamId.make(`client-${uuid(1)}`), "no_stream", [newEvent("client.created.v1", {})])
      yield* queue(1)
      yield* asked.told
      assert.deepStrictEqual([heard, waiting.pollUnsafe()], [[], undefined])
      inForce.tell(Exit.void)
      assert.deepStrictEqual(ids(yield* Fiber.join(waiting)), [messageOf(1)])
    })
  )

  it.live("hears what is recorded between its look and its wait", () =>
    Effect.gen(function* () {
      const { asked, now, queue, read } = yield* feeding()
      asked.onHead = Effect.suspend(() => {
        asked.onHead = Effect.void
        return Effect.andThen(queue(1), Effect.sleep(50))
      })
      const found = yield* read({ ...all, after: now, waitMs: patienceMillis })
      assert.deepStrictEqual(ids(found), [messageOf(1)])
    })
  )

  it.live("answers with nothing when the time is over, and when the gateway stops", () =>
    Effect.gen(function* () {
      const { now, read, releaseWaits } = yield* feeding()
      const over = yield* read({ ...all, after: now, waitMs: 100 })
      assert.deepStrictEqual(over, { items: [], upTo: now, hasMore: false })
      const long = read({ ...all, after: now, waitMs: 2 * patienceMillis })
      const waiting = yield* Effect.forkChild(long)
      yield* Effect.sleep(50)
      yield* releaseWaits
      for (const released of [Fiber.join(waiting), long]) {
        assert.deepStrictEqual(yield* Effect.timeout(released, patience), over)
      }
    })
  )

  it.live("has room for so many who wait, and for others who do not", () =>
    Effect.gen(function* () {
      const { now, queue, read } = yield* feeding(1)
      const waiting = yield* Effect.forkChild(read({ ...all, after: now, waitMs: patienceMillis }))
      yield* Effect.sleep(50)
      const refused = yield* Effect.exit(read({ ...all, after: now, waitMs: patienceMillis }))
      assert.isTrue(Exit.isFailure(refused))
      assert.deepStrictEqual((yield* read({ ...all, after: now })).items, [])
      yield* Fiber.interrupt(waiting)
      const next = yield* Effect.forkChild(read({ ...all, after: now, waitMs: patienceMillis }))
      yield* Effect.sleep(50)
      yield* queue(1)
      assert.deepStrictEqual(ids(yield* Fiber.join(next)), [messageOf(1)])
    })
  )
})
