import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Logger } from "effect"
import { DeviceId } from "#domain/Ids.ts"
import { Later } from "#domain/Later.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { until } from "#domain/testing/Eventually.ts"
import type { Hear } from "../events/Feed.ts"
import type { PublicEvent } from "../events/PublicEvents.ts"
import * as Broadcast from "./Broadcast.ts"
import type { Frame } from "./Frame.ts"

const device = DeviceId.make("11111111-1111-7111-8111-111111111111")
const asked = { types: undefined, device: undefined, chat: undefined, seen: undefined, personal: false }
const tellable = ({ position }: RecordedEvent) => ({ cursor: String(position) }) as PublicEvent
const eventAt = (position: number) => ({ position: BigInt(position), eventId: `event ${position}` }) as RecordedEvent

/** A broadcast of a log of so many events, of which it counts what is read; `broken`: events that cannot be told. */
const scene = Effect.fnUntraced(function* (length: number, broken: ReadonlySet<bigint> = new Set()) {
  const log = Array.from({ length }, (_, n) => eventAt(n + 1))
  const read = { events: 0, pages: 0 }
  const hears: Array<Hear> = []
  /** What a reading waits for behind an event. */
  const pauses = new Map<bigint, Effect.Effect<void>>()
  const broadcast = yield* Broadcast.make(
    {
      listen: (given) =>
        Effect.sync(() => {
          hears.push(given)
          return log.at(-1)?.position
        }),
      scan: (after, limit, pick) =>
        Effect.gen(function* () {
          read.pages++
          const from = Number(after ?? 0n)
          const page = log.slice(from, from + limit)
          for (const event of page) {
            read.events++
            yield* Effect.andThen(pick(event), pauses.get(event.position) ?? Effect.yieldNow)
          }
          return { items: [], upTo: page.at(-1)?.position ?? after, hasMore: from + limit < log.length }
        })
    },
    {
      about: () => Effect.succeed({ type: "homing.message.sent.v1", device }),
      tell: (event) => (broken.has(event.position) ? Effect.die(new Error("odd")) : Effect.succeed(tellable(event)))
    }
  )
  const follow = Effect.fnUntraced(function* (after: number, take: (cursor: string) => void = () => {}) {
    const given: Array<string> = []
    const outlet = {
      give: ({ event: { cursor } }: Frame) => {
        take(cursor)
        given.push(cursor)
      },
      show: () => {},
      mark: () => {},
      pendingBytes: () => 0,
      drained: Effect.void,
      isStuck: () => false,
      end: () => {},
      gone: Effect.never
    }
    const following = yield* Effect.forkScoped(
      broadcast.follow({ ...asked, after: after === 0 ? undefined : BigInt(after) }, outlet, () => {})
    )
    return { after, given, isOver: () => following.pollUnsafe() !== undefined, cut: Fiber.interrupt(following) }
  })
  const append = Effect.suspend(() => {
    const event = eventAt(log.length + 1)
    log.push(event)
    return Effect.forEach(hears, (hear) => hear([event]), { discard: true })
  })
  return { append, follow, log, pauses, read }
})

const cursorsIn = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => String(from + n + 1))

/** Answers the lines that were logged meanwhile. */
const logged = <A, E, R>(effect: (lines: Array<string>) => Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    const log = Logger.make(({ message }) => void lines.push(String([message].flat()[0])))
    return Effect.provide(effect(lines), Logger.layer([log]))
  })

describe("the way to the head of the log", () => {
  it.live("of 500 who begin at 500 places is read a few times, not 500", () =>
    Effect.gen(function* () {
      const { append, follow, log, read } = yield* scene(600)
      const followers = yield* Effect.forEach(
        Array.from({ length: 500 }, (_, n) => (n * 1_237) % 600),
        (after) => follow(after)
      )
      yield* until(() => followers.every(({ after, given }) => given.length >= 600 - after))
      yield* append
      yield* until(() => followers.every(({ after, given }) => given.length > 600 - after))
      for (const { after, given } of followers) assert.deepStrictEqual(given, cursorsIn(after, log.length))
      assert.isAtMost(read.events, 8 * 600) // four readings at once; each by himself: 150,000
    })
  )

  it.live("goes on for the others when one is cut on it", () =>
    Effect.gen(function* () {
      const { follow, read } = yield* scene(600)
      const all = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, n) => n * 10),
        (after) => follow(after)
      )
      yield* until(() => read.events > 100)
      for (const { cut } of all.slice(0, 10)) yield* cut
      yield* until(() => all.slice(10).every(({ after, given }) => given.length === 600 - after))
      for (const { after, given } of all.slice(10)) assert.deepStrictEqual(given, cursorsIn(after, 600))
    })
  )
})

describe("whoever comes while a page is read", () => {
  it.live("is given what of it was passed before he came", () =>
    Effect.gen(function* () {
      const { follow, log, pauses } = yield* scene(64)
      const goOn = new Later<void>()
      pauses.set(3n, goOn.told)
      const first = yield* Effect.forEach([1, 2, 3, 4], () => follow(0)) // as many as readings go on at once
      yield* until(() => first.every(({ given }) => given.length === 3))
      const [late, later] = [yield* follow(0), yield* follow(3)]
      yield* Effect.yieldNow
      goOn.tell(Exit.void)
      yield* until(() => [late, later].every(({ given }) => given.at(-1) === String(log.length)))
      assert.deepStrictEqual(late.given, cursorsIn(0, log.length))
      assert.deepStrictEqual(later.given, cursorsIn(3, log.length))
    })
  )
})

describe("what cannot be told", () => {
  it.live("ends whoever wants it, behind the head and at it; it is logged once", () =>
    logged((lines) =>
      Effect.gen(function* () {
        const { append, follow } = yield* scene(10, new Set([5n, 11n]))
        const behind = [yield* follow(2), yield* follow(3)]
        const past = yield* follow(6)
        const atHead = yield* follow(10)
        yield* until(() => behind.every(({ isOver }) => isOver()) && past.given.length === 4)
        assert.deepStrictEqual(
          behind.map(({ given }) => given),
          [["3", "4"], ["4"]]
        )
        assert.isFalse(past.isOver() || atHead.isOver())
        yield* append
        yield* until(() => past.isOver() && atHead.isOver())
        const later = yield* follow(11)
        yield* append
        yield* until(() => later.given.length === 1)
        assert.deepStrictEqual(
          lines,
          Array.from({ length: 2 }, () => "an event cannot be told; who follows it is cut")
        )
      })
    )
  )

  it.live("because of one connection ends that one alone", () =>
    logged((lines) =>
      Effect.gen(function* () {
        const { append, follow } = yield* scene(10)
        const odd = yield* follow(10, () => {
          throw new Error("odd")
        })
        const other = yield* follow(10)
        yield* Effect.yieldNow
        yield* append
        yield* until(() => odd.isOver() && other.given.length === 1)
        yield* append
        yield* until(() => other.given.length === 2)
        assert.lengthOf(lines, 1)
      })
    )
  )
})
