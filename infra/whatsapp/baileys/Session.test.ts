import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, References } from "effect"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { agent, own, paired, world } from "./testing/BaileysFixture.ts"

const quick = { firstMs: 10, mostMs: 40 }

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

  for (const [pairing, codes, qrTimeoutMs] of [
    [{ method: "qr" }, 18, 20], // WhatsApp hands out six at a time
    [{ method: "code", phone: PhoneNumber.make(`+${own}`) }, 3, 400] // one takes a key's derivation and the server's word
  ] as const) {
    it.live(`by ${pairing.method} ends when nobody has used three offers, and offers again when asked again`, () =>
      Effect.gen(function* () {
        const { openDevice, hears, unread } = yield* agent(yield* world(), { qrTimeoutMs })
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

  it.live("by code shows none that the server refused, and ends after three refusals", () =>
    Effect.gen(function* () {
      const made = yield* world({ faults: { queryError: { namespace: "md", code: 429 } } })
      const { openDevice, hears, unread } = yield* agent(made)
      yield* openDevice({ method: "code", phone: PhoneNumber.make(`+${own}`) })
      yield* hears("Disconnected", { reason: "pairing_refused", final: false })
      yield* hears("Disconnected", { reason: "pairing_refused", final: true })
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

  for (const [name, failure, reason] of [
    ["402", 402, "temporarily_banned"],
    ["403", 403, "locked"],
    ["406", 406, "banned"],
    ["409", 409, "client_refused"],
    ["a stream that ends with a bare 401", undefined, "unauthorized"]
  ] as const) {
    it.live(`keeps its credentials after ${name}, and says why it is away`, () =>
      Effect.gen(function* () {
        const { simulator, hears, sendText, unread } = yield* paired({}, { backoff: { ...quick, bannedMs: 10 } })
        if (failure === undefined) simulator.sendStanza(own, { tag: "stream:error", attrs: { code: "401" } })
        else {
          simulator.faults.loginFailure = failure
          simulator.drop()
        }
        yield* hears("Disconnected", { reason, final: false })
        simulator.faults.loginFailure = null
        yield* hears("Connected")
        assert.strictEqual((yield* sendText(1))._tag, "Acked")
        assert.isFalse(unread.some(({ _tag }) => _tag === "PairingCode"))
      })
    )
  }

  it.live("is not dialled for ever when the account is banned; its credentials wait for the next start", () =>
    Effect.gen(function* () {
      const { simulator, hears, stop, world } = yield* paired(
        {},
        { backoff: { ...quick, bannedMs: 1, bannedTries: 3 } }
      )
      simulator.faults.loginFailure = 406
      simulator.drop()
      yield* hears("Disconnected", { reason: "banned", final: true })
      const refused = () => simulator.record.observations.filter(({ kind }) => kind === "login-refused").length
      assert.strictEqual(refused(), 3)
      yield* stop
      simulator.faults.loginFailure = null
      const again = yield* agent(world)
      yield* again.openDevice()
      yield* again.hears("Connected")
    })
  )

  it.live("waits as long as a ban for a while is said to hold", () =>
    Effect.gen(function* () {
      const { simulator, hears, unread } = yield* paired({}, { backoff: { ...quick, bannedMs: 1 } })
      simulator.faults.greeting = { tag: "failure", attrs: { reason: "402", expire: "1" } }
      const begun = performance.now()
      simulator.drop()
      yield* hears("Disconnected", { reason: "temporarily_banned" })
      simulator.faults.greeting = null
      unread.length = 0
      yield* hears("Connected")
      assert.isAtLeast(performance.now() - begun, 1_000)
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
      const again = yield* agent(world, { connectTimeoutMs: 2_000 })
      yield* again.openDevice()
      yield* again.hears("Disconnected", { reason: "connect_timeout", final: false })
      simulator.faults.mutedQueries = []
      yield* again.hears("Connected")
    })
  )

  it.live("dials at once when it is cut, and waits when that comes again and again", () => {
    const waits: Array<number> = []
    const listening = Logger.make(({ fiber }) => {
      const { wait } = fiber.getRef(References.CurrentLogAnnotations)
      if (typeof wait === "number") waits.push(wait)
    })
    return Effect.gen(function* () {
      const { simulator, hears } = yield* paired({}, { backoff: { firstMs: 16, mostMs: 1_000, cutsAtOnce: 5 } })
      waits.length = 0
      for (let n = 0; n < 6; n++) {
        simulator.endStreams(503)
        yield* hears("Disconnected", { reason: "server_closed" })
        yield* hears("Connected")
      }
      // the first cut was the one that every pairing ends with
      assert.deepStrictEqual(
        waits.map((wait) => wait > 0),
        [false, false, false, false, true, true]
      )
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
