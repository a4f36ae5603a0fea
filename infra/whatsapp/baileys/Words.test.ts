import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { until } from "#domain/testing/Eventually.ts"
import type { ReceiptClaim } from "../simulator/Claims.ts"
import { agent, bob, carol, own, paired, waMessageId } from "./testing/BaileysFixture.ts"

const pn = (number: string, device?: number) => `${number}${device ? `:${device}` : ""}@s.whatsapp.net`
const lid = (number: string, device?: number) => `1${number.padStart(14, "0")}${device ? `:${device}` : ""}@lid`
const group = "120363000000000001@g.us"
const id = waMessageId(1)

/** One message has gone to Bob, and nobody has said anything about it but the server. */
const sentToBob = Effect.fnUntraced(function* (faults: object = {}) {
  const made = yield* paired({ contacts: [bob, carol], faults: { receipts: [], ...faults } })
  assert.strictEqual((yield* made.sendText(1))._tag, "Acked")
  const { record } = made.simulator
  /** Says it, and waits until the client has acknowledged it. */
  const claim = Effect.fnUntraced(function* (receipt: Partial<ReceiptClaim>) {
    const before = record.observations.length
    const said = made.simulator.claimReceipt({ to: own, waMessageId: id, ...receipt })
    yield* Effect.promise(() => said)
    yield* Effect.promise(() =>
      record.until((seen) => seen.kind === "client-ack" && record.observations.indexOf(seen) >= before)
    )
    yield* Effect.sleep(1) // what it told on the way is heard a turn later
  })
  const words = () => made.unread.flatMap((event) => (event._tag === "Receipt" ? [event.kind] : []))
  const refused = () => made.unread.flatMap((event) => (event._tag === "Refused" ? [event.reason] : []))
  /** How many <message> stanzas have left. */
  const stanzas = () => record.observations.filter(({ kind }) => kind === "message").length
  return { ...made, claim, words, refused, stanzas }
})

const nobody: Record<string, Partial<ReceiptClaim>> = {
  "a stranger": { from: pn(carol) },
  "a stranger's other address": { from: lid(carol) },
  "a stranger's linked device": { from: pn(carol, 3) },
  "a LID that nobody knows": { from: "199999999999999@lid" },
  "the account itself": { from: pn(own) },
  "the account's other address": { from: lid(own) },
  "a group": { from: group },
  "the recipient in a group": { from: group, participant: pn(bob) },
  "a stranger in the recipient's name": { from: pn(bob), participant: pn(carol) },
  "a stranger with the recipient's number beside": { from: pn(carol), sender_pn: pn(bob) },
  "a list": { from: "status@broadcast", participant: pn(bob) },
  "a channel that has the recipient's number": { from: `${bob}@newsletter` },
  "no address": { from: "nonsense" },
  nobody: {}
}

describe("a receipt from whom it does not come", () => {
  it.live("changes nothing, is acknowledged and counted, whoever says it and whatever it says", () =>
    Effect.gen(function* () {
      const { claim, words, refused } = yield* sentToBob()
      let told = 0
      for (const [who, from] of Object.entries(nobody)) {
        for (const type of [undefined, "inactive", "read", "played", "sender"]) {
          yield* claim({ ...from, ...(type !== undefined && { type }) })
          assert.deepStrictEqual(words(), [], `${who}, ${type ?? "delivery"}`)
          assert.strictEqual(refused().length, ++told, `${who}, ${type ?? "delivery"}`)
        }
      }
      assert.deepStrictEqual([...new Set(refused())], ["foreign_receipt"])
    })
  )

  it.live("never gets a message to whoever asks for it", () =>
    Effect.gen(function* () {
      const { claim, words, refused, stanzas, simulator } = yield* sentToBob()
      const before = stanzas()
      for (const [n, [who, from]] of Object.entries(nobody).entries()) {
        yield* claim({ ...from, type: "retry" })
        assert.deepStrictEqual(simulator.inbox(carol), [], who)
        assert.deepStrictEqual(words(), [], who)
        assert.strictEqual(refused().length, n + 1, who)
      }
      yield* claim({ from: pn(carol, 4), recipient: pn(bob), type: "retry" })
      yield* claim({ from: pn(own, 7), recipient: pn(carol), type: "retry" })
      yield* claim({ from: pn(own), participant: pn(carol), recipient: pn(bob), type: "retry" })
      yield* Effect.sleep(100) // Baileys answers in the background
      assert.strictEqual(stanzas(), before)
      assert.deepStrictEqual(simulator.inbox(carol), [])
      assert.deepStrictEqual([...new Set(refused())], ["foreign_retry"])
    })
  )
})

describe("a receipt from whom it comes", () => {
  it.live("counts, from each of the recipient's addresses and devices", () =>
    Effect.gen(function* () {
      const { claim, words, refused } = yield* sentToBob()
      for (const from of [pn(bob), lid(bob), pn(bob, 2), lid(bob, 2), `${bob}@c.us`, `${bob}:99@hosted`]) {
        yield* claim({ from })
        assert.strictEqual(words().pop(), "delivered", from)
      }
      yield* claim({ from: "188888888888888@lid", sender_pn: pn(bob) })
      assert.strictEqual(words().at(-1), "delivered")
      yield* claim({ from: pn(bob), participant: pn(bob, 2), type: "read" })
      assert.strictEqual(words().at(-1), "read")
      assert.deepStrictEqual(refused(), [])
    })
  )

  it.live("counts in the next life as well, when only the store knows whose address it is", () =>
    Effect.gen(function* () {
      const { world, stop, simulator } = yield* sentToBob()
      yield* stop
      const { openDevice, hears, unread } = yield* agent(world)
      yield* Effect.promise(() => simulator.claimReceipt({ to: own, waMessageId: id, from: lid(carol), type: "read" }))
      yield* Effect.promise(() => simulator.claimReceipt({ to: own, waMessageId: id, from: lid(bob, 5) }))
      yield* openDevice()
      yield* hears("Receipt", { waMessageId: id, kind: "delivered" })
      yield* hears("Refused", { reason: "foreign_receipt" })
      assert.isFalse(unread.some(({ _tag }) => _tag === "Receipt"))
    })
  )

  it.live("from the account's own device tells that the server has the message", () =>
    Effect.gen(function* () {
      const { claim, words, refused } = yield* sentToBob()
      yield* claim({ from: pn(own), recipient: pn(bob), type: "sender" })
      yield* claim({ from: lid(own), recipient: lid(bob), type: "sender" })
      assert.deepStrictEqual([words(), refused()], [["sent", "sent"], []])
      yield* claim({ from: pn(own), recipient: pn(carol), type: "sender" })
      yield* claim({ from: pn(own), recipient: pn(bob), type: "read" })
      assert.deepStrictEqual([words().length, refused().length], [2, 2])
    })
  )

  it.live("asks with success for a message, also as a linked device or in the account's own name", () =>
    Effect.gen(function* () {
      const { claim, hears, stanzas, simulator } = yield* sentToBob()
      for (const [from, recipient] of [[pn(bob)], [lid(bob)], [pn(own), pn(bob)]] as const) {
        const before = stanzas()
        yield* claim({ from, type: "retry", ...(recipient !== undefined && { recipient }) })
        yield* hears("Receipt", { kind: "sent", waMessageId: id })
        yield* Effect.promise(() => simulator.record.until(() => stanzas() > before))
      }
    })
  )

  it.live("asks in vain for what may not be given out any more", () =>
    Effect.gen(function* () {
      const { claim, refused, stanzas, world } = yield* sentToBob()
      const before = stanzas()
      world.ledger.set(id, { ...world.ledger.get(id)!, bytes: Effect.succeed(undefined) })
      yield* claim({ from: pn(bob), type: "retry" })
      yield* until(() => refused().length > 0)
      yield* Effect.sleep(100)
      assert.deepStrictEqual([stanzas(), refused()], [before, ["late_retry"]])
    })
  )

  it.live("asks in vain for what was called failed or expired, and says nothing of it by that", () =>
    Effect.gen(function* () {
      const { claim, refused, stanzas, words, world } = yield* sentToBob()
      const [before, told] = [stanzas(), words()]
      world.ledger.set(id, { ...world.ledger.get(id)!, isGivenUp: true })
      for (const _ of ["once", "again"]) yield* claim({ from: pn(bob), type: "retry" })
      yield* until(() => refused().length > 1)
      yield* Effect.sleep(100)
      assert.deepStrictEqual([stanzas(), words(), refused()], [before, told, ["late_retry", "late_retry"]])
    })
  )

  it.live("asks for one message and not for another that it names on the way", () =>
    Effect.gen(function* () {
      const { claim, hears, sendText, stanzas, world } = yield* sentToBob()
      yield* sendText(2)
      world.ledger.set(waMessageId(2), { ...world.ledger.get(id)!, bytes: Effect.succeed(undefined) })
      const before = stanzas()
      yield* claim({ from: pn(bob), type: "retry", alsoAsks: waMessageId(2) })
      yield* hears("Receipt", { kind: "sent", waMessageId: id })
      yield* until(() => stanzas() > before)
      yield* Effect.sleep(200)
      assert.strictEqual(stanzas(), before + 1)
    })
  )
})

describe("an acknowledgement", () => {
  const foreign = [pn(carol), lid(carol), group, "nonsense", undefined]
  const acks = (from: string | undefined) => ({ to: own, waMessageId: id, ...(from !== undefined && { from }) })

  it.live("in another's name ends no try and settles nothing; in the recipient's it does, under either address", () =>
    Effect.gen(function* () {
      const made = yield* paired({ contacts: [bob, carol], faults: { ack: "never", receipts: [] } })
      const { hears, sendText, simulator, unread } = made
      const trying = yield* Effect.forkChild(sendText(1), { startImmediately: true })
      yield* Effect.promise(() => simulator.record.until(({ kind }) => kind === "message"))
      for (const from of foreign) {
        simulator.claimAck(acks(from))
        simulator.claimAck({ ...acks(from), error: "463" })
        for (const _ of [1, 2]) yield* hears("Refused", { reason: "foreign_ack" })
      }
      simulator.claimAck({ ...acks(pn(own)), error: "479" }) // to the copy for another device of the account
      assert.isUndefined(trying.pollUnsafe())
      simulator.claimAck(acks(lid(bob)))
      assert.strictEqual((yield* Fiber.join(trying))._tag, "Acked")

      for (const from of foreign) {
        simulator.claimAck({ ...acks(from), error: "463" })
        yield* hears("Refused", { reason: "foreign_ack" })
      }
      simulator.claimAck({ ...acks(pn(own)), error: "479" })
      simulator.claimAck({ ...acks(pn(bob, 3)), error: "no code" })
      yield* hears("LateAck", { waMessageId: id, error: "unspecified" })
      assert.isFalse(unread.some(({ _tag }) => _tag === "LateAck"))
    })
  )
})
