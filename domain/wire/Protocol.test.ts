import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { utf8 } from "../Bytes.ts"
import { EventId, MessageId, SubjectId, WaMessageId } from "../Ids.ts"
import { fromMillis } from "../Instant.ts"
import { mostQuoted } from "../inbound/Quote.ts"
import { maxTextLength } from "../message/content/Text.ts"
import { encodePayload, header } from "../testing/EnvelopeFixture.ts"
import { encodeUnsigned, type Header, signBatch, verifyBatch } from "./Envelope.ts"
import { type AgentCommand, type AgentReport, box, PairBox, SendBox, Undecodable, unbox } from "./Protocol.ts"
import { version4 } from "./Versions.ts"

const key = crypto.cipherKey(new Uint8Array(32).fill(1))
const personal: SendBox = Schema.decodeUnknownSync(SendBox)({
  to: { kind: "phone", address: "+15551234567" },
  content: { type: "text", text: "hello 😀" }
})
const decodeSend = Schema.decodeUnknownSync(SendBox)
const open = (at: Header, sealed = box(crypto, key, header, personal), by = key) =>
  Effect.result(unbox(crypto, [by], at, sealed, decodeSend))
const tagOf = (result: Result.Result<unknown, { readonly _tag: string }>) =>
  Result.isFailure(result) ? result.failure._tag : "opened"

const message = MessageId.make("0196f3c0-0000-8000-8000-000000000003")
const event = EventId.make("0196f3c0-0000-5000-8000-000000000004")
const at = fromMillis(0)
const wireBox = { iv: "aaaaaaaaaaaaaaaa", box: "bbbb" }
const readCommand = (payload: Uint8Array) => version4.commands.read(4, payload)
const readReport = (payload: Uint8Array) => version4.reports.read(4, payload)

describe("a box", () => {
  it.effect("opens in its own envelope", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* open(header), Result.succeed(personal))
      assert.notInclude(JSON.stringify(box(crypto, key, header, personal)), "hello")
    })
  )

  it.effect("opens in no other, nor with another key", () =>
    Effect.gen(function* () {
      const elsewhere: ReadonlyArray<Partial<Header>> = [
        { attempt: "2" },
        { commandId: "0196f3c0-0000-5000-8000-000000000009" },
        { agent: "office" },
        { direction: "homing/report/1" }
      ]
      for (const fields of elsewhere) assert.strictEqual(tagOf(yield* open({ ...header, ...fields })), "Undecodable")
      const other = crypto.cipherKey(new Uint8Array(32).fill(2))
      assert.strictEqual(tagOf(yield* open(header, undefined, other)), "Undecodable")
    })
  )

  it.effect("does not open when anything about it was changed", () =>
    Effect.gen(function* () {
      const sealed = box(crypto, key, header, personal)
      const swap = (text: string, i: number) => `${text.slice(0, i)}${text[i] === "A" ? "B" : "A"}${text.slice(i + 1)}`
      const bent = [
        ...Array.from(sealed.iv, (_, i) => ({ ...sealed, iv: swap(sealed.iv, i) })),
        ...Array.from(sealed.box, (_, i) => ({ ...sealed, box: swap(sealed.box, i) })).slice(0, -1),
        ...["", "A", "AA", "*", "====", "ä", sealed.box].map((iv) => ({ ...sealed, iv })),
        ...["", "A", "AA", "*", "====", "ä", sealed.iv].map((box) => ({ ...sealed, box }))
      ]
      for (const one of bent) assert.strictEqual(tagOf(yield* open(header, one)), "Undecodable")
    })
  )

  it.effect("with anything else inside fails as what it is, and quotes nothing", () =>
    Effect.gen(function* () {
      const hostile: ReadonlyArray<object> = [
        {},
        [],
        { to: { kind: "phone", address: "secret" }, content: personal.content },
        { to: personal.to, content: { type: "text", text: "" } },
        { to: personal.to, content: { type: "text", text: "x".repeat(maxTextLength + 1) } },
        { to: { kind: "group", address: "+15551234567" }, content: personal.content }
      ]
      for (const inside of hostile) {
        const result = yield* open(header, box(crypto, key, header, inside))
        assert.strictEqual(tagOf(result), "Undecodable")
        assert.notInclude(JSON.stringify(result), "secret")
      }
    })
  )

  it.effect("of the longest content fits an envelope, every character escaped", () =>
    Effect.gen(function* () {
      for (const text of ["\u0001", "語", "\\", '"'].map((one) => one.repeat(maxTextLength))) {
        const quote = { target: { waMessageId: "A", fromMe: true }, kind: "text", text: text.slice(0, mostQuoted) }
        const long = decodeSend({ ...personal, content: { type: "text", text }, quote })
        const payload = encodePayload({
          kind: "send",
          message,
          waMessageId: WaMessageId.make("3EB0000000000000000001"),
          box: box(crypto, key, header, long)
        })
        const { key: signing, publicKey } = crypto.signingKey(new Uint8Array(32))
        const [envelope] = yield* signBatch(crypto, signing, [encodeUnsigned({ header, payload })])
        const [answer] = yield* verifyBatch(crypto, () => crypto.verifyingKey(publicKey), [envelope!])
        assert.property(answer, "payload")
        const command = readCommand((answer as { payload: Uint8Array }).payload)
        assert(!(command instanceof Undecodable) && command.kind === "send")
        assert.deepStrictEqual(yield* open(header, command.box), Result.succeed(long))
      }
    })
  )
})

describe("a payload", () => {
  const commands: ReadonlyArray<AgentCommand> = [
    { kind: "send", message, waMessageId: WaMessageId.make("3EB0000000000000000001"), box: wireBox },
    { kind: "pair", box: wireBox },
    { kind: "receipt", reports: [event, event] },
    { kind: "receipt", reports: [] }
  ]
  const reports: ReadonlyArray<AgentReport> = [
    { kind: "message", message, claim: "sent", at },
    { kind: "message", message, claim: "read", at, recipient: SubjectId.make("S".repeat(43)) },
    { kind: "message", message, claim: "failed", at, code: "463" },
    { kind: "device", change: "connected", step: 0, at },
    { kind: "device", change: "disconnected", step: 7, at, reason: "connection_lost" },
    { kind: "pairing_code", method: "qr", expiresAt: at, box: wireBox }
  ]

  it("comes back as it was written", () => {
    for (const command of commands) assert.deepStrictEqual(readCommand(encodePayload(command)), command)
    for (const report of reports) assert.deepStrictEqual(readReport(encodePayload(report)), report)
  })

  it("of the other direction is not understood", () => {
    for (const report of reports) assert.instanceOf(readCommand(encodePayload(report)), Undecodable)
    for (const command of commands) assert.instanceOf(readReport(encodePayload(command)), Undecodable)
  })

  it("from a hostile sender fails as what it is, whatever it holds", () => {
    const send = { kind: "send", message, waMessageId: "3EB0000000000000000001", box: wireBox }
    const hostile: ReadonlyArray<unknown> = [
      null,
      [],
      "send",
      { ...send, kind: "Send" },
      { ...send, kind: ["send"] },
      { ...send, waMessageId: "3EB000000000000000000g" },
      { ...send, message: "../../etc" },
      { ...send, box: { iv: "aaaa", box: "b".repeat(540_001) } },
      { ...send, box: "aaaa" },
      { kind: "receipt", reports: Array.from({ length: 4_097 }, () => event) },
      { kind: "receipt", reports: { length: 1 } },
      { kind: "message", message, claim: "queued", at },
      { kind: "message", message, claim: "sent", at: "2030-13-01T00:00:00.000Z" },
      { kind: "message", message, claim: "sent", at: "2030-01-01T24:00:00.000Z" },
      { kind: "message", message, claim: "sent", at: "2030-01-01" },
      { kind: "message", message, claim: "failed", at, code: "c".repeat(65) },
      { kind: "device", change: "paired", step: -1, at },
      { kind: "device", change: "paired", step: 1.5, at },
      { kind: "device", change: "paired", step: 2 ** 60, at },
      { kind: "device", change: "erased", step: 1, at }
    ]
    const raw = [
      "",
      "{",
      '{"kind":"receipt","reports":[]} trailing',
      '{"__proto__":{"kind":"receipt","reports":[]}}',
      "[".repeat(200_000),
      `{"kind":${"[".repeat(50_000)}${"]".repeat(50_000)}}`
    ]
    const bytes = [
      ...hostile.map((_) => utf8(JSON.stringify(_))),
      ...raw.map(utf8),
      Uint8Array.of(0xff),
      utf8("\ufeff{}")
    ]
    for (const payload of bytes) {
      const shown = `a payload of ${payload.length} bytes`
      assert.instanceOf(readCommand(payload), Undecodable, shown)
      assert.instanceOf(readReport(payload), Undecodable, shown)
    }
  })

  it.prop("is read or is Undecodable, never anything else", [Schema.Json], ([json]) => {
    readCommand(utf8(JSON.stringify(json)))
    readReport(utf8(JSON.stringify(json)))
  })
})

describe("what pairs a device", () => {
  it("names a number only when a code is asked for", () => {
    const decode = Schema.decodeUnknownResult(PairBox)
    assert.isTrue(Result.isSuccess(decode({ method: "qr" })))
    assert.isTrue(Result.isSuccess(decode({ method: "code", phone: "+15551234567" })))
    assert.isTrue(Result.isFailure(decode({ method: "code" })))
    assert.isTrue(Result.isFailure(decode({ method: "code", phone: "15551234567" })))
  })
})
