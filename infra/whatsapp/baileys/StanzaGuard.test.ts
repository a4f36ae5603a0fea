import { EventEmitter } from "node:events"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { type BinaryNode, encodeBinaryNode } from "@whiskeysockets/baileys"
import { Effect, Metric } from "effect"
import { until } from "#domain/testing/Eventually.ts"
import { encodePlainly } from "./PlainNodes.ts"
import { guard } from "./StanzaGuard.ts"
import * as Suspects from "./Suspects.ts"
import * as TransportKey from "./TransportKey.ts"
import { bob, device, own, paired } from "./testing/BaileysFixture.ts"

/** Baileys cannot read it as WhatsApp writes it, and to what stands there in letters its answer cannot be read. */
const nobody: BinaryNode = { tag: "notification", attrs: { id: "N1", type: "x", from: "@" } }

/** Its listener throws. WhatsApp does not offer it again. */
const empty: BinaryNode = { tag: "chatstate", attrs: { from: "15550002@s.whatsapp.net" }, content: [] }

const setAside = (kind: string) =>
  Effect.map(Metric.snapshot, (metrics) => {
    const series = metrics.find(
      ({ attributes, id }) => id === "homing_whatsapp_stanzas_set_aside_total" && attributes?.class === kind
    )
    return series?.type === "Counter" ? Number(series.state.count) : 0
  })

describe("what Baileys cannot bear", () => {
  for (const [how, encode, endsConnections] of [
    ["cannot be read", encodeBinaryNode, false],
    ["has an answer that cannot be read", encodePlainly, true]
  ] as const) {
    it.live(`and ${how}, is acknowledged in the end, is counted, and never comes again`, () =>
      Effect.gen(function* () {
        const { hears, sendText, simulator, stop, unread } = yield* paired()
        const before = yield* setAside("notification")
        simulator.sendStanza(own, nobody, { kept: true, encode })
        yield* until(() => simulator.kept(own).length === 0)
        if (endsConnections) {
          yield* hears("Disconnected", { final: false })
          yield* hears("Connected")
        }
        // what is on its way when a connection ends has not left
        const sent = yield* Effect.repeat(sendText(1), { until: ({ _tag }) => _tag !== "NotSent" || !endsConnections })
        assert.strictEqual(sent._tag, "Acked")
        assert.strictEqual(yield* setAside("notification"), before + 1)
        const told = (tag: string) => unread.filter(({ _tag }) => _tag === tag).length
        assert.isTrue(endsConnections || told("Disconnected") === 0)
        assert.strictEqual(told("Disconnected"), told("Connected"))
        yield* stop
      })
    )
  }

  it.live.each(["constructor", "__proto__", "@", "1:2:3@lid", "a:300@s.whatsapp.net"])(
    "is not a message that its sender calls %s: it is heard, acknowledged and marked as read, and ends nothing",
    (waMessageId) =>
      Effect.gen(function* () {
        const { hears, markRead, simulator, unread } = yield* paired()
        const before = yield* setAside("message")
        yield* Effect.promise(() => simulator.sendIncoming({ from: bob, to: own, text: "hello", waMessageId }))
        const { heard } = yield* hears("Heard")
        assert.strictEqual(heard.waMessageId, waMessageId)
        assert.isTrue(yield* markRead(device, { chat: heard.chat, target: { waMessageId, fromMe: false } }))
        yield* until(() => simulator.kept(own).length === 0)
        const next = yield* Effect.promise(() => simulator.sendIncoming({ from: bob, to: own, text: "and then?" }))
        assert.strictEqual((yield* hears("Heard")).heard.waMessageId, next)
        yield* until(() => simulator.kept(own).length === 0)
        assert.isFalse(unread.some(({ _tag }) => _tag === "Disconnected"))
        assert.strictEqual(yield* setAside("message"), before)
      })
  )

  it.live("is not what was heard while our own disk took nothing: it is offered again, and heard", () =>
    Effect.gen(function* () {
      const { folder, simulator } = yield* paired()
      const before = yield* setAside("message")
      const disk = new DatabaseSync(join(folder, "auth.db"))
      yield* Effect.addFinalizer(() => Effect.sync(() => disk.close()))
      for (const verb of ["INSERT", "UPDATE"]) {
        disk.exec(`CREATE TRIGGER full_${verb} BEFORE ${verb} ON auth BEGIN SELECT RAISE(ABORT, 'disk full'); END`)
      }
      const logins = () => simulator.record.observations.filter(({ kind }) => kind === "login").length
      const sofar = logins()
      const id = yield* Effect.promise(() => simulator.sendIncoming({ from: bob, to: own, text: "hello" }))
      yield* Effect.repeat(Effect.sleep(10), { until: () => logins() >= sofar + 8 })
      disk.exec("DROP TRIGGER full_INSERT; DROP TRIGGER full_UPDATE")
      yield* Effect.promise(() =>
        simulator.record.until(({ kind, waMessageId }) => kind === "client-receipt" && waMessageId === id)
      )
      assert.strictEqual(yield* setAside("message"), before)
    })
  )

  it.live("when it listens ends its own connection, which comes back, and no other", () =>
    Effect.gen(function* () {
      const [one, other] = [yield* paired(), yield* paired()]
      one.simulator.sendStanza(own, empty)
      yield* one.hears("Disconnected", { reason: "broken", final: false })
      yield* one.hears("Connected")
      assert.strictEqual((yield* one.sendText(1))._tag, "Acked")
      assert.strictEqual((yield* other.sendText(1))._tag, "Acked")
      assert.isFalse(other.unread.some(({ _tag }) => _tag === "Disconnected"))
    })
  )

  it.live("before it is logged in ends that try", () =>
    Effect.gen(function* () {
      const { hears, simulator } = yield* paired()
      simulator.faults.greeting = empty
      simulator.drop()
      yield* hears("Disconnected", { reason: "broken" })
      simulator.faults.greeting = null
      yield* hears("Connected")
    })
  )

  it.live("as a stranger's offer of pairing codes is not shown by a device that is paired", () =>
    Effect.gen(function* () {
      const { sendText, simulator, unread } = yield* paired()
      const refs = [{ tag: "ref", attrs: {}, content: "stranger" }]
      const attrs = { id: "P1", from: "s.whatsapp.net", type: "set" }
      simulator.sendStanza(own, { tag: "iq", attrs, content: [{ tag: "pair-device", attrs: {}, content: refs }] })
      assert.strictEqual((yield* sendText(1))._tag, "Acked")
      assert.isFalse(unread.some(({ _tag }) => _tag === "PairingCode"))
    })
  )
})

describe("the guard", () => {
  const receipt: BinaryNode = { tag: "receipt", attrs: { id: "R1", from: "15550002@s.whatsapp.net" } }
  const offeredAgain: BinaryNode = { ...receipt, attrs: { ...receipt.attrs, offline: "1" } }

  /** One connection: Baileys' listener, the guard, and a listener of ours behind it. */
  const connection = (suspects: Suspects.Suspects, listener: (stanza: BinaryNode) => unknown) => {
    const ws = new EventEmitter()
    const seen = { breaches: 0, aside: 0, ours: 0 }
    ws.on("CB:receipt", listener)
    guard(ws, {
      key: TransportKey.make(),
      suspects,
      breach: (_cause, stanza) => {
        seen.breaches += 1
        if (stanza !== undefined) suspects.blame(stanza)
      },
      setAside: () => {
        seen.aside += 1
      },
      answer: () => {}
    })
    ws.on("CB:receipt", () => {
      seen.ours += 1
    })
    return {
      seen,
      hear: async (stanza: BinaryNode) => {
        ws.emit("frame", stanza)
        ws.emit("CB:receipt", stanza)
        await Promise.resolve()
        return seen
      }
    }
  }

  for (const [when, listener] of [
    ["at once", () => assert.fail("at once")],
    ["later", () => Promise.reject(new Error("later"))]
  ] as const) {
    it(`keeps a stanza from Baileys, and not from us, over which two connections ended ${when}`, async () => {
      const suspects = Suspects.make()
      for (const stanza of [receipt, offeredAgain]) {
        const { breaches, aside, ours } = await connection(suspects, listener).hear(stanza)
        assert.deepStrictEqual({ breaches, aside, ours }, { breaches: 1, aside: 0, ours: 1 })
      }
      const third = await connection(suspects, listener).hear(offeredAgain)
      assert.deepStrictEqual(third, { breaches: 0, aside: 1, ours: 1 })
      const another = { ...receipt, attrs: { ...receipt.attrs, id: "R2" } }
      assert.strictEqual((await connection(suspects, () => {}).hear(another)).aside, 0)
    })
  }
})
