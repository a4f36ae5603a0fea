import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { until } from "#domain/testing/Eventually.ts"
import type { Observation } from "../simulator/Observation.ts"
import { pair } from "../simulator/testing/TestClient.ts"
import type * as Baileys from "./Baileys.ts"
import { bob, carol, own, paired, text, waMessageId } from "./testing/BaileysFixture.ts"

/** Enough for an answer, on whatever machine. */
const impatient = { lookupTimeoutMs: 2_500 }

/** Both sides' devices are known, and from then on somebody has one more. */
const withNewDevice = Effect.fnUntraced(function* (of: string, settings: Partial<Baileys.Options> = {}) {
  const made = yield* paired({ contacts: [bob, carol], faults: { receipts: [] } }, settings)
  const { record } = made.simulator
  assert.strictEqual((yield* made.sendText(1))._tag, "Acked")
  const { socket } = yield* Effect.acquireRelease(
    Effect.promise(() => pair(made.simulator.url, (qr) => made.simulator.scanQr(qr, of))),
    (client) => Effect.sync(() => client.socket.end(undefined))
  )
  const received: Array<string> = []
  socket.ev.on("messages.upsert", ({ messages }) => {
    for (const { key, message } of messages) {
      if (message?.extendedTextMessage?.text === text.text) received.push(key.id ?? "")
    }
  })
  const has = (id: string) => until(() => received.includes(id))
  const lookups = () => record.observations.filter(({ kind }) => kind === "directory-asked").length
  /** Tells the account of a number's devices, and waits until that, and what was said before, was heard. */
  const notify = (of: string) =>
    Effect.promise(() => {
      const before = record.observations.length
      made.simulator.claimDevices({ of, to: own })
      const isAnswer = ({ account, detail, device }: Observation) =>
        account === own && device === 1 && detail === "notification"
      return record.until((seen) => isAnswer(seen) && record.observations.indexOf(seen) >= before)
    })
  return { ...made, has, lookups, notify, received }
})

describe("a newly linked device", () => {
  for (const [whose, of] of [
    ["the recipient's", bob],
    ["the account's own", own]
  ] as const) {
    it.live(`${whose}: the server names another hash, and it has the next message; nothing is sent once more`, () =>
      Effect.gen(function* () {
        const { has, lookups, received, sendText, simulator } = yield* withNewDevice(of)
        assert.strictEqual((yield* sendText(2))._tag, "Acked")
        const before = lookups()
        assert.strictEqual((yield* sendText(3))._tag, "Acked")
        yield* has(waMessageId(3))
        assert.deepStrictEqual(received, [waMessageId(3)])
        assert.isAbove(lookups(), before)
        const asked = lookups()
        for (const n of [4, 5, 6]) yield* sendText(n)
        assert.strictEqual(lookups(), asked)
        assert.isTrue(simulator.record.messages.every(({ stanzas }) => stanzas === 1))
      })
    )

    it.live(`${whose}: a notification is enough`, () =>
      Effect.gen(function* () {
        const { has, notify, sendText } = yield* withNewDevice(of)
        yield* notify(of)
        assert.strictEqual((yield* sendText(2))._tag, "Acked")
        yield* has(waMessageId(2))
      })
    )
  }
})

describe("devices", () => {
  it.live("are asked for once more for every hash that the server names, and not for the same", () =>
    Effect.gen(function* () {
      const { lookups, notify, sendText, simulator } = yield* withNewDevice(carol)
      const asksFor = Effect.fnUntraced(function* (n: number) {
        const before = lookups()
        assert.strictEqual((yield* sendText(n))._tag, "Acked")
        return lookups() - before
      })
      const name = (phash: string) =>
        Effect.andThen(
          Effect.sync(() =>
            simulator.claimAck({ to: own, waMessageId: waMessageId(1), from: `${bob}@s.whatsapp.net`, phash })
          ),
          notify(carol)
        )
      assert.strictEqual(yield* asksFor(2), 0)
      yield* name("2:aaaaaaaa")
      assert.strictEqual(yield* asksFor(3), 2) // Bob's and our own
      assert.strictEqual(yield* asksFor(4), 0)
      yield* name("2:aaaaaaaa")
      assert.strictEqual(yield* asksFor(5), 0)
      yield* name("2:bbbbbbbb")
      assert.strictEqual(yield* asksFor(6), 2)
    })
  )

  it.live("are asked for before the next message when one was refused with 479, which stays refused", () =>
    Effect.gen(function* () {
      const { lookups, sendText, simulator } = yield* withNewDevice(carol)
      simulator.faults.ack = { error: 479 }
      assert.deepInclude(yield* sendText(2), { _tag: "Rejected", code: "479" })
      simulator.faults.ack = "normal"
      const before = lookups()
      assert.strictEqual((yield* sendText(3))._tag, "Acked")
      assert.strictEqual(lookups(), before + 2)
      assert.strictEqual(simulator.record.messages.find((one) => one.waMessageId === waMessageId(2))?.stanzas, 1)
    })
  )

  it.live("are asked for until the server has answered", () =>
    Effect.gen(function* () {
      const { lookups, notify, sendText, simulator } = yield* withNewDevice(carol, impatient)
      yield* notify(bob)
      simulator.faults.mutedQueries = ["usync"]
      for (const n of [2, 3]) assert.deepInclude(yield* sendText(n), { _tag: "NotSent", reason: "lookup_failed" })
      simulator.faults.mutedQueries = []
      const before = lookups()
      assert.strictEqual((yield* sendText(4))._tag, "Acked")
      assert.isAbove(lookups(), before)
    })
  )

  it.live("are asked for anew after silence, by whoever comes next, also when the question was begun for another", () =>
    Effect.gen(function* () {
      const { notify, sendText, simulator } = yield* withNewDevice(bob, impatient)
      assert.strictEqual((yield* sendText(2, carol))._tag, "Acked")
      yield* notify(bob)
      yield* notify(carol)
      simulator.faults.mutedQueries = ["usync"]
      const earlier = yield* Effect.forkChild(sendText(3, carol), { startImmediately: true })
      yield* Effect.sleep(300)
      assert.deepInclude(yield* sendText(4, bob), { _tag: "NotSent", reason: "lookup_failed" })
      simulator.faults.mutedQueries = []
      assert.strictEqual((yield* sendText(5, bob))._tag, "Acked")
      assert.deepInclude(yield* Fiber.join(earlier), { _tag: "NotSent", reason: "lookup_failed" })
    })
  )
})
