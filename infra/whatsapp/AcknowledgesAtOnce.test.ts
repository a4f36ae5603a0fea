import { assert, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { DeviceId, WaMessageId } from "#domain/Ids.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { type SentMessage, WhatsApp } from "#domain/ports/WhatsApp.ts"
import * as Instant from "./AcknowledgesAtOnce.ts"

const device = DeviceId.make("0b9f2a54-5a6f-4c0e-9d6c-2f6f7f1f0a01")
const message = (n: number) => ({
  waMessageId: WaMessageId.make(`3EB000000000000000000${n}`),
  to: { kind: "phone", address: PhoneNumber.make("+15550002") } as const,
  bytes: new Uint8Array([n])
})
const sent = () => Effect.succeed(undefined)

it.effect("connects at once, acknowledges at once, and keeps nothing", () => {
  const { layer, sent: kept } = Instant.make()
  return Effect.gen(function* () {
    const whatsApp = yield* WhatsApp
    assert.deepInclude(yield* whatsApp.send(device, message(1)), { _tag: "NotSent", reason: "not_connected" })
    yield* whatsApp.open(device, { pairing: { method: "qr" }, sent })
    yield* whatsApp.open(device, { sent })
    assert.strictEqual((yield* whatsApp.send(device, message(1)))._tag, "Acked")
    const events = yield* Stream.runCollect(Stream.take(whatsApp.events, 2))
    assert.deepStrictEqual(
      events.map(({ _tag }) => _tag),
      ["Paired", "Connected"]
    )
    assert.deepStrictEqual(kept, [])
  }).pipe(Effect.provide(layer))
})

it.effect("does what a test asks of it", () => {
  const {
    layer,
    sent: kept,
    tell
  } = Instant.make({
    keep: 2,
    outcome: ({ bytes }) => Effect.succeed({ _tag: "Unknown", reason: bytes[0] === 3 ? "ack_timeout" : "send_failed" })
  })
  return Effect.gen(function* () {
    const whatsApp = yield* WhatsApp
    yield* whatsApp.open(device, { sent })
    for (const n of [1, 2]) {
      assert.deepStrictEqual(yield* whatsApp.send(device, message(n)), { _tag: "Unknown", reason: "send_failed" })
    }
    assert.deepStrictEqual(yield* whatsApp.send(device, message(3)), { _tag: "Unknown", reason: "ack_timeout" })
    assert.deepStrictEqual(kept, [
      { ...message(2), device },
      { ...message(3), device }
    ])
    yield* tell({ _tag: "Disconnected", device, reason: "connection_lost", final: false })
    const events = yield* Stream.runCollect(Stream.take(whatsApp.events, 2))
    assert.strictEqual(events[1]?._tag, "Disconnected")
  }).pipe(Effect.provide(layer))
})

it.effect("is opened once, however many ask for it at a time, and asks the first of them for its messages", () => {
  const { ask, layer, tell } = Instant.make({ opening: () => Effect.yieldNow })
  return Effect.gen(function* () {
    const whatsApp = yield* WhatsApp
    const known: SentMessage = { to: message(1).to, isGivenUp: false, bytes: Effect.succeed(message(1).bytes) }
    const finders = [Effect.succeed(known), Effect.succeed(undefined)]
    yield* Effect.forEach(finders, (found) => whatsApp.open(device, { sent: () => found }), {
      concurrency: "unbounded"
    })
    yield* tell({ _tag: "Refused", device, reason: "foreign_ack" })
    const events = yield* Stream.runCollect(Stream.take(whatsApp.events, 2))
    assert.deepStrictEqual(
      events.map(({ _tag }) => _tag),
      ["Connected", "Refused"]
    )
    assert.strictEqual(yield* ask(device, message(1).waMessageId), known)
  }).pipe(Effect.provide(layer))
})
