import { assert, describe, it } from "@effect/vitest"
import { proto } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { eventually } from "#domain/testing/Eventually.ts"
import type { Simulator } from "../simulator/Simulator.ts"
import { agent, bob, carol, own, paired, text, waMessageId, world } from "./testing/BaileysFixture.ts"

const day = 86_400
const week = 7 * day

/** Does it, and waits until the client has it: it answers when it has understood. */
const heard = (simulator: Simulator, work: () => Promise<unknown>) =>
  Effect.promise(async () => {
    const before = simulator.record.observations.length
    await work()
    await simulator.record.until(
      (seen) => seen.kind === "client-receipt" && simulator.record.observations.indexOf(seen) >= before
    )
  })
const expirationIn = (bytes: Uint8Array) =>
  proto.Message.decode(bytes).extendedTextMessage?.contextInfo?.expiration ?? 0
const timerOf = (simulator: Simulator, number: string, id: string) =>
  simulator.inbox(number).find(({ waMessageId }) => waMessageId === id)?.content.extendedTextMessage?.contextInfo
    ?.expiration ?? 0

/** The client hands on what it has understood a little later. */
const knows = ({ encode }: Effect.Success<ReturnType<typeof agent>>, seconds: number) =>
  eventually(Effect.map(encode(bob), expirationIn), (found) => found === seconds)

const running = Effect.fnUntraced(function* () {
  const made = yield* paired({ contacts: [bob, carol], faults: { receipts: [] } })
  const { sendText, simulator } = made
  let n = 0
  /** The timer of the next message to somebody. */
  const next = Effect.fnUntraced(function* (to: string) {
    assert.strictEqual((yield* sendText(++n, to))._tag, "Acked")
    assert.strictEqual(simulator.inbox(to).at(-1)?.text, text.text)
    return timerOf(simulator, to, waMessageId(n))
  })
  const setTimer = (seconds: number, addressing: "lid" | "pn" = "lid") =>
    heard(simulator, () => simulator.setTimer({ from: bob, to: own, seconds, addressing }))
  const receive = (disappearsAfter: number, addressing: "lid" | "pn" = "lid") =>
    heard(simulator, () => simulator.sendIncoming({ from: bob, to: own, text: "hello", disappearsAfter, addressing }))
  return { knows: (seconds: number) => knows(made, seconds), next, receive, setTimer }
})

describe("a chat whose messages disappear", () => {
  it.live("gets ours with its timer, from when the contact sets one until it takes it away; no other chat does", () =>
    Effect.gen(function* () {
      const { knows, next, setTimer } = yield* running()
      assert.strictEqual(yield* next(bob), 0)
      yield* setTimer(week)
      yield* knows(week)
      assert.deepStrictEqual([yield* next(bob), yield* next(carol)], [week, 0])
      yield* setTimer(day, "pn")
      yield* knows(day)
      assert.strictEqual(yield* next(bob), day)
      yield* setTimer(0)
      yield* knows(0)
      assert.strictEqual(yield* next(bob), 0)
    })
  )

  it.live("is known by its messages, which may be absurd", () =>
    Effect.gen(function* () {
      const { knows, next, receive } = yield* running()
      yield* receive(day)
      yield* knows(day)
      assert.strictEqual(yield* next(bob), day)
      yield* receive(0, "pn") // says nothing
      assert.strictEqual(yield* next(bob), day)
      yield* receive(4_000_000_000)
      yield* Effect.sleep(50)
      assert.strictEqual(yield* next(bob), day)
      assert.strictEqual(yield* next(carol), 0)
    })
  )

  it.live("is known from the phone's history, in the next life, and before its session is open", () =>
    Effect.gen(function* () {
      const made = yield* world({ contacts: [bob, carol], faults: { receipts: [] } })
      yield* Effect.promise(() => made.simulator.setTimer({ from: bob, to: own, seconds: week }))
      const first = yield* agent(made)
      yield* first.pair
      yield* knows(first, week)
      yield* first.stop
      const second = yield* agent(made)
      const bytes = yield* second.encode()
      yield* second.openDevice()
      yield* second.hears("Connected")
      yield* Effect.promise(() => made.simulator.setTimer({ from: bob, to: own, seconds: 0 }))
      assert.strictEqual((yield* second.sendText(1, bob, bytes))._tag, "Acked")
      assert.strictEqual(timerOf(made.simulator, bob, waMessageId(1)), week) // as it was when the message was accepted
    })
  )
})
