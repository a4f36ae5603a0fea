import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { type FaultsPatch, noFaults } from "../simulator/Faults.ts"
import { agent, bob, carol, paired, text, waMessageId } from "./testing/BaileysFixture.ts"

describe("one try to send", () => {
  it.live("is acknowledged, and its receipts follow as events", () =>
    Effect.gen(function* () {
      const { sendText, hears, simulator } = yield* paired()
      assert.strictEqual((yield* sendText(1))._tag, "Acked")
      yield* hears("Receipt", { kind: "delivered", waMessageId: waMessageId(1) })
      yield* hears("Receipt", { kind: "read", waMessageId: waMessageId(1) })
      assert.deepInclude(simulator.inbox(bob)[0], { waMessageId: waMessageId(1), text: text.text, copies: 1 })
    })
  )

  it.live("has its receipts also when several share a stanza, or come from the other address", () =>
    Effect.gen(function* () {
      const { sendText, hears } = yield* paired({ faults: { receiptsTogether: 3, receiptsFrom: "lid" } })
      for (const n of [1, 2, 3]) yield* sendText(n)
      for (const n of [1, 2, 3]) {
        for (const kind of ["delivered", "read"]) yield* hears("Receipt", { kind, waMessageId: waMessageId(n) })
      }
    })
  )

  it.live("is refused with the server's code", () =>
    Effect.gen(function* () {
      const { sendText } = yield* paired({ faults: { ack: { error: 463 } } })
      assert.deepInclude(yield* sendText(1), { _tag: "Rejected", code: "463" })
    })
  )

  it.live("is unknown when no answer comes; one that comes later is told", () =>
    Effect.gen(function* () {
      const { sendText, hears } = yield* paired(
        { faults: { ack: { lateMs: 3_000 }, receipts: [] } },
        { ackTimeoutMs: 1_000 }
      )
      assert.deepStrictEqual(yield* sendText(1), { _tag: "Unknown", reason: "ack_timeout" })
      yield* hears("LateAck", { waMessageId: waMessageId(1) })
    })
  )

  it.live("is over by a receipt when the acknowledgement is lost, once the receipt is taken", () =>
    Effect.gen(function* () {
      const { stop, world, simulator } = yield* paired()
      yield* stop
      Object.assign(simulator.faults, { ack: "never", receipts: ["delivery"] })
      const { openDevice, hears, sendText } = yield* agent(world, { takes: false })
      yield* openDevice()
      yield* hears("Connected")
      const trying = yield* Effect.forkChild(sendText(1), { startImmediately: true })
      const { taken } = yield* hears("Receipt", { kind: "delivered", waMessageId: waMessageId(1) })
      assert.isUndefined(trying.pollUnsafe())
      yield* taken
      assert.strictEqual((yield* Fiber.join(trying))._tag, "Acked")
    })
  )

  it.live("is unknown when the line is cut after the write; sent again, it is one id", () =>
    Effect.gen(function* () {
      const { sendText, hears, simulator, encode } = yield* paired({ faults: { dropsAfterDelivery: 1, receipts: [] } })
      const bytes = yield* encode()
      assert.deepStrictEqual(yield* sendText(1, bob, bytes), { _tag: "Unknown", reason: "connection_lost" })
      yield* hears("Disconnected", { final: false })
      yield* hears("Connected")
      assert.strictEqual((yield* sendText(1, bob, bytes))._tag, "Acked")
      assert.deepInclude(simulator.inbox(bob)[0], { waMessageId: waMessageId(1), copies: 2 })
      assert.strictEqual(simulator.inbox(bob).length, 1)
    })
  )

  it.live("never leaves for a number that is not on WhatsApp", () =>
    Effect.gen(function* () {
      const { sendText, simulator } = yield* paired()
      const outcome = yield* sendText(1, "19998887777")
      assert.deepStrictEqual(outcome, { _tag: "NotSent", reason: "recipient_not_on_whatsapp", final: true })
      assert.isFalse([...simulator.record.observations].some(({ kind }) => kind === "message"))
    })
  )

  it.live("never leaves when the server does not say who the recipient is, and holds up nobody", () =>
    Effect.gen(function* () {
      const { sendText, simulator } = yield* paired({ contacts: [bob, carol] }, { lookupTimeoutMs: 2_500 })
      assert.strictEqual((yield* sendText(1))._tag, "Acked")
      simulator.faults.mutedQueries = ["usync"]
      const stuck = yield* Effect.forkChild(sendText(2, carol), { startImmediately: true })
      assert.strictEqual((yield* sendText(3))._tag, "Acked")
      assert.deepStrictEqual(yield* Fiber.join(stuck), { _tag: "NotSent", reason: "lookup_failed", final: false })
      simulator.faults.mutedQueries = []
      assert.strictEqual((yield* sendText(2, carol))._tag, "Acked")
    })
  )

  for (const [trouble, faults] of Object.entries({
    "says that it has too much to do": { usync: "error" },
    "leaves out what it was asked": { usync: "partial" },
    "answers with an empty list": { usync: "empty" },
    "refuses the query": { queryError: { namespace: "usync", code: 429 } },
    "refuses to give out keys": { queryError: { namespace: "encrypt", code: 429 } },
    "has no keys of the phone": { keyless: [carol] }
  } satisfies Record<string, FaultsPatch>)) {
    it.live(`waits when the server ${trouble}, and is not called failed`, () =>
      Effect.gen(function* () {
        const { sendText, simulator } = yield* paired({ contacts: [bob, carol] })
        assert.strictEqual((yield* sendText(1))._tag, "Acked") // from here on our own devices are known
        Object.assign(simulator.faults, faults)
        assert.deepStrictEqual(yield* sendText(2, carol), { _tag: "NotSent", reason: "lookup_failed", final: false })
        assert.strictEqual((yield* sendText(3))._tag, "Acked")
        Object.assign(simulator.faults, noFaults())
        assert.strictEqual((yield* sendText(2, carol))._tag, "Acked")
        assert.deepInclude(simulator.inbox(carol)[0], { waMessageId: waMessageId(2), copies: 1 })
      })
    )
  }

  it.live("one of two hundred at a time, to several people", () =>
    Effect.gen(function* () {
      const contacts = Array.from({ length: 20 }, (_, n) => `1666000${String(n).padStart(4, "0")}`)
      const { sendText, simulator } = yield* paired(
        { contacts, faults: { receipts: [] } },
        { ackTimeoutMs: 60_000, lookupTimeoutMs: 60_000 }
      )
      const outcomes = yield* Effect.forEach(
        Array.from({ length: 200 }, (_, n) => n),
        (n) => sendText(n, contacts[n % contacts.length]),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual([...new Set(outcomes.map(({ _tag }) => _tag))], ["Acked"])
      const copies = contacts.flatMap((contact) => simulator.inbox(contact).map((entry) => entry.copies))
      assert.deepStrictEqual(
        copies,
        Array.from({ length: 200 }, () => 1)
      )
    })
  )

  it.live("leaves under keys that are on disk, and not when no more can be stored", () =>
    Effect.gen(function* () {
      const { sendText, hears, folder, simulator } = yield* paired()
      let n = 1
      while (n <= 5) yield* sendText(n++) // the recipient's token is stored by then, and nothing else is to be
      const disk = new DatabaseSync(join(folder, "auth.db"))
      yield* Effect.addFinalizer(() => Effect.sync(() => disk.close()))
      for (const verb of ["INSERT", "UPDATE"]) {
        disk.exec(`CREATE TRIGGER full_${verb} BEFORE ${verb} ON auth BEGIN SELECT RAISE(ABORT, 'disk full'); END`)
      }
      while ((yield* sendText(n))._tag === "Acked") n += 1
      yield* hears("Disconnected", { reason: "connection_lost" })
      assert.isBelow(n, 100)
      assert.deepStrictEqual(
        simulator.inbox(bob).map((entry) => entry.waMessageId),
        Array.from({ length: n - 1 }, (_, i) => waMessageId(i + 1))
      )
      disk.exec("DROP TRIGGER full_INSERT; DROP TRIGGER full_UPDATE")
      yield* hears("Connected")
      assert.strictEqual((yield* sendText(n))._tag, "Acked")
    })
  )

  it.live("gives its recipient a token, and what follows in the same week does not", () =>
    Effect.gen(function* () {
      const { sendText, simulator } = yield* paired()
      const given = () => simulator.record.observations.filter(({ kind }) => kind === "token-given").length
      for (let n = 1; n <= 5; n++) yield* sendText(n)
      const first = given()
      assert.isAtLeast(first, 1)
      for (let n = 6; n <= 10; n++) yield* sendText(n)
      assert.strictEqual(given(), first)
    })
  )

  it.live("is given again, from our own store, to a phone that could not read it", () =>
    Effect.gen(function* () {
      const { stop, world, encode } = yield* paired()
      const bytes = yield* encode()
      yield* stop
      const { openDevice, hears, sendText } = yield* agent(world)
      yield* openDevice()
      yield* hears("Connected")
      // The line is cut before the phone asks, so Baileys no longer has the message in its memory.
      Object.assign(world.simulator.faults, { retryReceipts: 1, dropsAfterDelivery: 1, receipts: ["delivery"] })
      assert.deepStrictEqual(yield* sendText(1, bob, bytes), { _tag: "Unknown", reason: "connection_lost" })
      yield* hears("Receipt", { waMessageId: waMessageId(1), kind: "delivered" })
      assert.deepInclude(world.simulator.inbox(bob)[0], { waMessageId: waMessageId(1), text: text.text })
    })
  )
})

describe("a receipt", () => {
  const acknowledged = (observed: { readonly kind: string }) => observed.kind === "client-ack"

  it.live("is told again in the next life, until it was taken", () =>
    Effect.gen(function* () {
      const { stop, world, simulator } = yield* paired({ faults: { receipts: ["read"] } })
      yield* stop
      const alive = Effect.fnUntraced(function* () {
        const life = yield* agent(world, { takes: false })
        yield* life.openDevice()
        yield* life.hears("Connected")
        return life
      })
      const first = yield* alive()
      yield* first.sendText(1)
      yield* first.hears("Receipt", { waMessageId: waMessageId(1) })
      yield* first.sendText(2) // the server answers in order: an acknowledgement of the first would be there now
      assert.isFalse(simulator.record.observations.some(acknowledged))
      yield* first.stop

      const second = yield* alive()
      const { kind, taken } = yield* second.hears("Receipt", { waMessageId: waMessageId(1) })
      assert.strictEqual(kind, "read")
      yield* taken
      yield* Effect.promise(() => simulator.record.until(acknowledged))
      yield* second.stop

      const third = yield* alive()
      yield* third.hears("Receipt", { waMessageId: waMessageId(2) })
      assert.isFalse(third.unread.some((event) => event._tag === "Receipt" && event.waMessageId === waMessageId(1)))
    })
  )

  it.live("of several messages is acknowledged when all it says was taken", () =>
    Effect.gen(function* () {
      const { stop, world, simulator } = yield* paired({ faults: { receipts: ["delivery"], receiptsTogether: 2 } })
      yield* stop
      const { openDevice, hears, sendText } = yield* agent(world, { takes: false })
      yield* openDevice()
      yield* hears("Connected")
      for (const n of [1, 2]) yield* sendText(n)
      const told = [yield* hears("Receipt"), yield* hears("Receipt")] as const
      yield* told[0].taken
      yield* sendText(3)
      assert.isFalse(simulator.record.observations.some(acknowledged))
      yield* told[1].taken
      yield* Effect.promise(() => simulator.record.until(acknowledged))
    })
  )
})
