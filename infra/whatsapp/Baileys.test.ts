import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Redacted, References } from "effect"
import { PhoneNumber } from "#domain/message/Content.ts"
import { agent, bob, carol, own, paired, text, waMessageId, world } from "./BaileysFixture.ts"
import { type FaultsPatch, noFaults } from "./simulator/Faults.ts"

describe("pairing", () => {
  it.live("by QR code, and not again after a restart", () =>
    Effect.gen(function* () {
      const { stop, world } = yield* paired()
      yield* stop
      const again = yield* agent(world)
      yield* again.openDevice()
      yield* again.hears("Connected")
      assert.strictEqual((yield* again.sendText(1))._tag, "Acked")
      assert.isFalse(again.unread.some(({ _tag }) => _tag === "PairingCode" || _tag === "Paired"))
    })
  )

  it.live("by code", () =>
    Effect.gen(function* () {
      const made = yield* world()
      const { openDevice, hears, sendText } = yield* agent(made)
      yield* openDevice({ method: "code", phone: PhoneNumber.make(`+${own}`) })
      const { code, method } = yield* hears("PairingCode")
      assert.strictEqual(method, "code")
      yield* Effect.promise(() => made.simulator.enterCode(own, code))
      yield* hears("Paired")
      yield* hears("Connected")
      assert.strictEqual((yield* sendText(1))._tag, "Acked")
    })
  )

  for (const [pairing, codes] of [
    [{ method: "qr" }, 18], // WhatsApp hands out six at a time
    [{ method: "code", phone: PhoneNumber.make(`+${own}`) }, 3]
  ] as const) {
    it.live(`by ${pairing.method} ends when nobody has used three offers, and offers again when asked again`, () =>
      Effect.gen(function* () {
        const { openDevice, hears, unread } = yield* agent(yield* world(), { qrTimeoutMs: 20 })
        yield* openDevice(pairing)
        yield* hears("Disconnected", { reason: "pairing_timeout", final: true })
        assert.strictEqual(unread.filter(({ _tag }) => _tag === "PairingCode").length, codes)
        unread.length = 0
        yield* openDevice(pairing)
        yield* hears("PairingCode")
      })
    )
  }

  it.live("by code asks no phone more than three times, also when the line is cut each time", () =>
    Effect.gen(function* () {
      const made = yield* world()
      const { openDevice, hears, unread } = yield* agent(made)
      yield* openDevice({ method: "code", phone: PhoneNumber.make(`+${own}`) })
      for (let n = 0; n < 3; n++) {
        yield* hears("PairingCode")
        made.simulator.drop()
      }
      yield* hears("Disconnected", { reason: "pairing_timeout", final: true })
      assert.isFalse(unread.some(({ _tag }) => _tag === "PairingCode"))
    })
  )

  it.live("not asked for: a device without credentials ends at once", () =>
    Effect.gen(function* () {
      const { openDevice, hears, sendText } = yield* agent(yield* world())
      yield* openDevice()
      assert.deepInclude(yield* hears("Disconnected"), { reason: "logged_out", final: true })
      assert.deepInclude(yield* sendText(1), { _tag: "NotSent", final: false })
    })
  )
})

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
        { faults: { ack: { lateMs: 400 }, receipts: [] } },
        { ackTimeoutMs: 200 }
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
      const bytes = yield* encode(text)
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
      const { sendText, simulator } = yield* paired({ contacts: [bob, carol] }, { lookupTimeoutMs: 500 })
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
        { ackTimeoutMs: 15_000, lookupTimeoutMs: 8_000 }
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

  it.live("is unknown when it left and the keys could not be stored", () =>
    Effect.gen(function* () {
      const { sendText, encode, hears, folder } = yield* paired()
      const bytes = yield* encode(text)
      yield* sendText(1)
      const disk = new DatabaseSync(join(folder, "auth.db"))
      yield* Effect.addFinalizer(() => Effect.sync(() => disk.close()))
      for (const verb of ["INSERT", "UPDATE"]) {
        disk.exec(`CREATE TRIGGER full_${verb} BEFORE ${verb} ON auth BEGIN SELECT RAISE(ABORT, 'disk full'); END`)
      }
      assert.strictEqual((yield* sendText(2, bob, bytes))._tag, "Unknown")
      yield* hears("Disconnected", { reason: "connection_lost" })
      disk.exec("DROP TRIGGER full_INSERT; DROP TRIGGER full_UPDATE")
      yield* hears("Connected")
      assert.strictEqual((yield* sendText(2, bob, bytes))._tag, "Acked")
    })
  )

  it.live("is given again, from our own store, to a phone that could not read it", () =>
    Effect.gen(function* () {
      const { stop, world, encode } = yield* paired()
      const bytes = yield* encode(text)
      yield* stop
      const { openDevice, hears, sendText } = yield* agent(world)
      const asked: Array<string> = []
      yield* openDevice(undefined, (id) => {
        asked.push(id)
        return bytes
      })
      yield* hears("Connected")
      // The line is cut before the phone asks, so Baileys no longer has the message in its memory.
      Object.assign(world.simulator.faults, { retryReceipts: 1, dropsAfterDelivery: 1, receipts: ["delivery"] })
      assert.deepStrictEqual(yield* sendText(1, bob, bytes), { _tag: "Unknown", reason: "connection_lost" })
      yield* hears("Receipt", { waMessageId: waMessageId(1), kind: "delivered" })
      assert.deepStrictEqual(asked, [waMessageId(1)])
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

describe("the connection", () => {
  it.live("ends for good when the phone unlinks the device", () =>
    Effect.gen(function* () {
      const { simulator, hears, sendText, openDevice } = yield* paired()
      simulator.endStreams(401)
      assert.deepInclude(yield* hears("Disconnected"), { reason: "logged_out", final: true })
      assert.deepInclude(yield* sendText(1), { _tag: "NotSent", final: false })
      yield* openDevice({ method: "qr" }) // the dead credentials are gone
      yield* hears("PairingCode")
    })
  )

  it.live("ends for good when another takes its place", () =>
    Effect.gen(function* () {
      const { simulator, hears } = yield* paired()
      simulator.endStreams(440)
      assert.deepInclude(yield* hears("Disconnected"), { reason: "replaced", final: true })
    })
  )

  for (const [code, reason] of [
    [515, "restarting"],
    [503, "server_closed"]
  ] as const) {
    it.live(`comes back after ${code}`, () =>
      Effect.gen(function* () {
        const { simulator, hears, sendText } = yield* paired()
        simulator.endStreams(code)
        assert.deepInclude(yield* hears("Disconnected"), { reason, final: false })
        yield* hears("Connected")
        assert.strictEqual((yield* sendText(1))._tag, "Acked")
      })
    )
  }

  it.live("is tried again when the server answers the upgrade with an error", () =>
    Effect.gen(function* () {
      const { simulator, hears } = yield* paired()
      simulator.faults.upgradeStatus = 503
      simulator.drop()
      yield* hears("Disconnected", { reason: "server_closed", final: false })
      simulator.faults.upgradeStatus = null
      yield* hears("Connected")
    })
  )

  it.live("is tried again when the server falls silent", () =>
    Effect.gen(function* () {
      const { stop, world, simulator } = yield* paired()
      yield* stop
      simulator.faults.mutedQueries = ["passive", "encrypt"]
      const again = yield* agent(world, { connectTimeoutMs: 300 })
      yield* again.openDevice()
      yield* again.hears("Disconnected", { reason: "connect_timeout", final: false })
      simulator.faults.mutedQueries = []
      yield* again.hears("Connected")
    })
  )

  it.live("waits longer each time it is cut soon after it was open, and less after one that lived", () => {
    const waits: Array<number> = []
    const listening = Logger.make(({ fiber }) => {
      const { wait } = fiber.getRef(References.CurrentLogAnnotations)
      if (typeof wait === "number") waits.push(wait)
    })
    const flap = Effect.fnUntraced(function* (goodMs: number) {
      const { simulator, hears } = yield* paired({}, { backoff: { firstMs: 16, mostMs: 1_000, goodMs } })
      waits.length = 0
      for (let n = 0; n < 4; n++) {
        simulator.endStreams(503)
        yield* hears("Disconnected", { reason: "server_closed" })
        yield* hears("Connected")
      }
      return waits.map((wait) => wait > 16)
    }, Effect.scoped)
    return Effect.gen(function* () {
      assert.deepStrictEqual((yield* flap(60_000)).slice(1), [true, true, true])
      assert.deepStrictEqual(yield* flap(0), [false, false, false, false])
    }).pipe(
      Effect.provide(Logger.layer([listening])),
      Effect.provide(Layer.succeed(References.MinimumLogLevel, "Debug"))
    )
  })

  it.live("says when WhatsApp refuses the version, and comes back with another", () =>
    Effect.gen(function* () {
      const { stop, world, simulator } = yield* paired()
      yield* stop
      simulator.faults.loginFailure = 405
      const old = yield* agent(world)
      yield* old.openDevice()
      yield* old.hears("Disconnected", { reason: "outdated", final: false })
      yield* old.stop
      simulator.faults.loginFailure = null
      const { openDevice, hears } = yield* agent(world, { version: [2, 3_000, 1_099_999_999] })
      yield* openDevice()
      yield* hears("Connected")
      const login = simulator.record.observations.findLast(({ kind }) => kind === "login")
      assert.strictEqual(login?.detail, "2.3000.1099999999")
    })
  )
})

describe("credentials", () => {
  it.live("are useless under another key, and not replaced", () =>
    Effect.gen(function* () {
      const { stop, world } = yield* paired()
      yield* stop
      const wrong = yield* Effect.flip(agent(world, { authKey: Redacted.make(new Uint8Array(32)) }))
      assert.strictEqual(wrong._tag, "WhatsAppUnavailable")
      const right = yield* agent(world)
      yield* right.openDevice()
      yield* right.hears("Connected")
    })
  )

  it.live("do not stand in the file in the clear", () =>
    Effect.gen(function* () {
      const { folder, sendText } = yield* paired()
      yield* sendText(1)
      const bytes = Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))))
      for (const word of [own, bob, "noiseKey", "s.whatsapp.net", text.text]) assert.isFalse(bytes.includes(word), word)
    })
  )
})
