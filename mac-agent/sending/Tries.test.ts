import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { fromMillis, toMillis } from "#domain/Instant.ts"
import type { SendOutcome } from "#domain/ports/WhatsApp.ts"
import { changeTo } from "#infra/ledger/contract/Fixtures.ts"
import { device, start } from "../testing/AgentFixture.ts"
import { acked, scene } from "../testing/TriesFixture.ts"
import { until } from "../testing/Turns.ts"

const at = fromMillis(start)
const refused: SendOutcome = { _tag: "Rejected", code: "463", at }
const unknown: SendOutcome = { _tag: "Unknown", reason: "ack_timeout" }
const notSent = (final: boolean): SendOutcome => ({
  _tag: "NotSent",
  reason: final ? "recipient_not_on_whatsapp" : "not_connected",
  final
})

describe("a try", () => {
  it.effect("is durable before the socket is written; the acknowledgement is told at once and written soon", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start)
      const { begin, done, lives, stateOf, taken } = yield* scene()
      const live = yield* taken()
      yield* begin(live)
      assert.deepStrictEqual(done(), ["durable attempting", "try", "soon acked", "told sent 1", "on"])
      assert.deepStrictEqual([lives.size, live.trying, live.attemptedMillis], [0, false, start])
      assert.strictEqual(yield* stateOf(live), "acked")
    })
  )

  it.effect("answers to the highest attempt under which it was asked for", () =>
    Effect.gen(function* () {
      const { begin, done, taken } = yield* scene()
      const live = yield* taken()
      live.attempt = 4
      yield* begin(live)
      assert.include(done(), "told sent 4")
    })
  )

  for (const [what, outcome, told] of [
    ["is refused", refused, "told failed 1 463"],
    ["can never leave", notSent(true), "told failed 1 recipient_not_on_whatsapp"]
  ] as const) {
    it.effect(`that ${what} forbids another: that is durable before anybody hears of it, however long it takes`, () =>
      Effect.gen(function* () {
        const { begin, done, lives, stateOf, taken, world } = yield* scene()
        const live = yield* taken()
        world.outcome = Effect.sync(() => {
          world.ledgerIsDown = true
          return outcome
        })
        const trying = yield* Effect.forkChild(begin(live), { startImmediately: true })
        yield* until("it was tried", () => world.ledgerIsDown)
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(done(), ["durable attempting", "try"])
        world.ledgerIsDown = false
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(trying)
        assert.deepStrictEqual(done(), ["durable rejected", told, "on"])
        assert.deepStrictEqual([lives.size, yield* stateOf(live)], [0, "rejected"])
      })
    )
  }

  it.effect("whose end is unclear is said to be so once, and may be made again later and later", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start)
      const { begin, done, lives, stateOf, taken, world } = yield* scene()
      const live = yield* taken()
      world.outcome = Effect.succeed(unknown)
      yield* begin(live)
      assert.deepStrictEqual(done(), [
        "durable attempting",
        "try",
        "soon ambiguous",
        "told unknown 1 ack_timeout",
        "on"
      ])
      for (const [i, pause] of [15_000, 30_000, 60_000].entries()) {
        const now = yield* Clock.currentTimeMillis
        assert.deepStrictEqual(live.doubt, { tries: i + 1, due: now + pause, inLine: false })
        yield* TestClock.setTime(now + pause)
        // that it did not leave this time says nothing of the times before
        world.outcome = Effect.succeed([notSent(false), notSent(true), unknown][i]!)
        yield* begin(live)
        assert.deepStrictEqual(done(), ["durable attempting", "try", "soon ambiguous", "on"])
      }
      assert.deepStrictEqual([lives.size, live.trying, live.attemptedMillis], [1, false, start])
      assert.strictEqual(yield* stateOf(live), "ambiguous")
    })
  )

  it.effect("that broke is unclear", () =>
    Effect.gen(function* () {
      const { begin, done, taken, world } = yield* scene()
      world.outcome = Effect.die("a bug")
      yield* begin(yield* taken())
      assert.deepStrictEqual(done().slice(2), ["soon ambiguous", "told unknown 1 send_failed", "on"])
    })
  )

  it.effect("that did not leave goes back to its place, first of its chat, and rests", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start)
      const { begin, chats, done, lives, stateOf, taken, world } = yield* scene()
      const live = yield* taken()
      const behind = { ...live.entry, position: live.entry.position + 1n }
      chats.enqueue(behind)
      world.outcome = Effect.succeed(notSent(false))
      yield* begin(live)
      assert.deepStrictEqual(done(), ["durable attempting", "try", "soon prepared", "on"])
      assert.deepStrictEqual([lives.size, live.trying, live.doubt], [1, false, undefined])
      assert.strictEqual(yield* stateOf(live), "prepared")
      chats.rouse(start + 1_999)
      assert.isUndefined(chats.takeNext({ device }))
      chats.rouse(start + 2_000)
      assert.strictEqual(chats.takeNext({ device }), live.entry)
    })
  )

  it.live("that lasts is reported as such, and no other", () =>
    Effect.gen(function* () {
      const { begin, done, taken, world } = yield* scene({ lastingMillis: 500 })
      yield* begin(yield* taken())
      yield* Effect.sleep("600 millis")
      assert.deepStrictEqual(done(), ["durable attempting", "try", "soon acked", "told sent 1", "on"])
      const end = yield* Deferred.make<SendOutcome>()
      world.outcome = Deferred.await(end)
      const said: Array<string> = []
      const trying = yield* Effect.forkChild(begin(yield* taken()), { startImmediately: true })
      yield* until("it is told", () => said.push(...done()) >= 4)
      assert.deepStrictEqual(said, ["durable attempting", "try", "kept", "told attempting 1"])
      yield* Deferred.succeed(end, acked)
      yield* Fiber.join(trying)
    })
  )
})

describe("no try is made", () => {
  it.effect("of what has expired, also while the ledger could not be written: it is called so", () =>
    Effect.gen(function* () {
      const { begin, beginTaken, done, lives, stateOf, taken, world } = yield* scene()
      const soon = { expiresAt: fromMillis(60_000) }
      const late = yield* taken(soon)
      world.ledgerIsDown = true
      const waiting = yield* Effect.forkChild(begin(late), { startImmediately: true })
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(done(), [])
      world.ledgerIsDown = false
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(waiting)
      const over = ["durable expired", "told expired 1", "on"]
      assert.deepStrictEqual([done(), lives.size, yield* stateOf(late)], [over, 0, "expired"])
      yield* beginTaken(yield* taken({ ...soon, state: "attempting" }))
      assert.deepStrictEqual([done(), lives.size], [over, 0])
    })
  )

  it.effect("of what is unclear before its time, or behind its window: it waits, and nothing is said", () =>
    Effect.gen(function* () {
      const { begin, done, lives, taken, world } = yield* scene()
      const live = yield* taken()
      world.outcome = Effect.succeed(unknown)
      yield* begin(live)
      done()
      for (const seconds of [14, 16 * 60]) {
        live.doubt!.inLine = true
        yield* TestClock.setTime(seconds * 1_000)
        yield* begin(live)
        assert.deepStrictEqual([done(), live.doubt!.inLine, live.trying, lives.size], [["on"], false, false, 1])
      }
    })
  )

  it.effect("of what the server has, whose word came while the try was written down", () =>
    Effect.gen(function* () {
      const { begin, done, ledger, lives, stateOf, taken } = yield* scene()
      const live = yield* taken()
      yield* ledger.change([changeTo(live.entry, "acked")])
      yield* begin(live)
      assert.deepStrictEqual([done(), lives.size, yield* stateOf(live)], [["durable attempting", "on"], 0, "acked"])
    })
  )

  it.effect("of what the server refused meanwhile: that is its end", () =>
    Effect.gen(function* () {
      const { begin, done, lives, taken, world } = yield* scene()
      const live = yield* taken()
      world.meanwhile = () => {
        live.refusal = { at, code: "479" }
      }
      yield* begin(live)
      assert.deepStrictEqual(done(), ["durable attempting", "durable rejected", "told failed 1 479", "on"])
      assert.strictEqual(lives.size, 0)
    })
  )
})

describe("a word that comes during a try", () => {
  it.effect("is the last one: how the try ends says nothing new", () =>
    Effect.gen(function* () {
      for (const outcome of [acked, refused, unknown, notSent(true)]) {
        const { begin, done, lives, taken, world } = yield* scene()
        const live = yield* taken()
        world.outcome = Effect.sync(() => {
          live.heard = true
          return outcome
        })
        yield* begin(live)
        assert.deepStrictEqual([done(), lives.size], [["durable attempting", "try", "on"], 0])
      }
    })
  )

  it.effect("refuses an earlier try: it counts when this one ends unclear, not when the server has it", () =>
    Effect.gen(function* () {
      for (const [outcome, ...told] of [
        [unknown, "durable rejected", "told failed 1 479"],
        [notSent(false), "durable rejected", "told failed 1 479"],
        [refused, "durable rejected", "told failed 1 463"],
        [acked, "soon acked", "told sent 1"]
      ] as const) {
        const { begin, done, lives, taken, world } = yield* scene()
        const live = yield* taken()
        world.outcome = Effect.sync(() => {
          live.refusal = { at, code: "479" }
          return outcome
        })
        yield* begin(live)
        assert.deepStrictEqual([done().slice(2), lives.size], [[...told, "on"], 0])
      }
    })
  )
})

it.effect("what the server refuses of several copies is no word on the message, unless no other may have left", () =>
  Effect.gen(function* () {
    for (const [outcome, refusal, ...told] of [
      [refused, undefined, "soon ambiguous"],
      [unknown, { at, code: "479" }, "soon ambiguous"],
      [notSent(false), { at, code: "479" }, "durable rejected", "told failed 1 479"]
    ] as const) {
      const { begin, done, taken, world } = yield* scene()
      const live = yield* taken()
      live.doubt = { tries: 1, due: 0, inLine: false }
      world.outcome = Effect.sync(() => {
        live.refusal = refusal
        return outcome
      })
      yield* begin(live)
      assert.deepStrictEqual(done().slice(2), [...told, "on"])
    }
  })
)

it.effect("of those whose time is over together, only the ones that had no other end are called expired", () =>
  Effect.gen(function* () {
    const { done, expire, ledger, lives, taken } = yield* scene()
    const [one, two] = [yield* taken(), yield* taken()]
    yield* ledger.change([changeTo(one.entry, "acked")])
    yield* expire([one, two], toMillis(one.entry.expiresAt))
    assert.deepStrictEqual([done(), lives.size], [["durable expired expired", "told expired 1"], 0])
  })
)
