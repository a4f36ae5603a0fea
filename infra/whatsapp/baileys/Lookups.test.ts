import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { Simulator } from "../simulator/Simulator.ts"
import { bob, paired, waMessageId } from "./testing/BaileysFixture.ts"

const stranger = (n: number) => `1666${n.toString().padStart(7, "0")}`

/** Of how many numbers the directory was asked, each time. */
const questions = ({ record }: Simulator) =>
  record.observations
    .filter(({ kind }) => kind === "directory-asked")
    .map(({ at, detail }) => ({ at, of: Number(detail) }))

describe("lookups", () => {
  it.live("of many new recipients are a few questions in the first second", () =>
    Effect.gen(function* () {
      const { sendText, simulator } = yield* paired(
        { autoContacts: true },
        { authFile: ":memory:", ackTimeoutMs: 60_000, lookupTimeoutMs: 60_000 }
      )
      simulator.record.forget()
      const sends = Array.from({ length: 120 }, (_, n) => sendText(n + 1, stranger(n)))
      const outcomes = yield* Effect.all(sends, { concurrency: "unbounded" })
      assert.deepStrictEqual([...new Set(outcomes.map(({ _tag }) => _tag))], ["Acked"])
      const asked = questions(simulator)
      const begun = Date.parse(asked[0]!.at)
      assert.isBelow(asked.filter(({ at }) => Date.parse(at) < begun + 1_000).length, 15)
      assert.isAtLeast(
        asked.reduce((sum, { of }) => sum + of, 0),
        120
      )
    })
  )

  it.live("of strangers wait for their turn, and hold up nobody who is known, not even on a new connection", () =>
    Effect.gen(function* () {
      const { hears, sendText, simulator } = yield* paired(
        { autoContacts: true },
        { lookups: { burst: 1, everyMs: 60_000 }, lookupTimeoutMs: 60_000 }
      )
      assert.strictEqual((yield* sendText(1))._tag, "Acked")
      for (const n of [10, 20]) {
        const waiting = yield* Effect.forkChild(sendText(n, stranger(n)), { startImmediately: true })
        assert.strictEqual((yield* sendText(n + 1))._tag, "Acked")
        assert.isUndefined(waiting.pollUnsafe())
        simulator.drop()
        assert.deepInclude(yield* Fiber.join(waiting), { _tag: "NotSent", reason: "not_connected" })
        yield* hears("Connected")
      }
    })
  )

  it.live("of one without keys among many cost the others nothing", () =>
    Effect.gen(function* () {
      const { sendText, simulator } = yield* paired({ autoContacts: true, faults: { keyless: [stranger(3)] } })
      const outcomes = yield* Effect.all(
        Array.from({ length: 8 }, (_, n) => sendText(n + 1, stranger(n))),
        { concurrency: "unbounded" }
      )
      const expected = Array.from({ length: 8 }, (_, n) => (n === 3 ? "NotSent" : "Acked"))
      assert.deepStrictEqual(
        outcomes.map(({ _tag }) => _tag),
        expected
      )
      assert.isBelow(questions(simulator).length, 8)
      assert.isUndefined(simulator.record.messages.find(({ waMessageId: id }) => id === waMessageId(4)))
      assert.strictEqual((yield* sendText(20, bob))._tag, "Acked")
    })
  )
})
