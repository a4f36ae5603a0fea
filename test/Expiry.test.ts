import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { DeviceId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { type SendOutcome, WhatsApp } from "#domain/ports/WhatsApp.ts"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { connectedDevice, eventually, folder, gatewayOptions, type Homing, life, start, text } from "./Homing.ts"

/** A WhatsApp that never lets anybody in. */
const unreachable = Layer.succeed(WhatsApp, {
  encode: (_device, { content }) => Effect.succeed(Instant.encode(content)),
  logOut: () => Effect.void,
  markRead: () => Effect.succeed(false),
  typing: () => Effect.void,
  open: () => Effect.void,
  send: () => Effect.succeed<SendOutcome>({ _tag: "NotSent", reason: "not_connected", final: false }),
  events: Stream.never
})

const reconciler = (graceMillis: number) => ({
  options: { ...gatewayOptions, reconciler: { ...gatewayOptions.reconciler, everyMillis: 100, graceMillis } }
})
const patiently = reconciler(60_000)
const soon = reconciler(200)

/** Pairs a device on this folder, with a WhatsApp that lets it in, and ends that life. */
const pairedDevice = Effect.fnUntraced(function* (path: string) {
  const first = yield* life
  const device = yield* connectedDevice(yield* first.during(start(path, Instant.layer)))
  yield* first.end
  return device
})

const shortLived = (device: string, timeoutMs = 30_000) => ({
  ...text(device, "a code of yesterday", { timeoutMs }),
  expiresInSeconds: 1
})

const typesOf = (homing: Homing, id: string) =>
  Effect.map(homing.call("GET", `/v1/messages/${id}/events`), ({ body }) =>
    body.items.map(
      ({ evidence, type }: { type: string; evidence?: string }) =>
        `${type.split(".")[1]}${evidence === undefined ? "" : " signed"}`
    )
  )

const becomes = (homing: Homing, id: string, status: string) =>
  eventually(homing.call("GET", `/v1/messages/${id}`), ({ body }) => body.status === status)

describe("a message that expires", () => {
  it.live("before its device connects was never attempted: expired, by the agent's word", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const device = yield* pairedDevice(path)
      const homing = yield* start(path, unreachable, patiently)
      const answer = yield* homing.call("POST", "/v1/messages", shortLived(device))
      assert.deepStrictEqual([answer.status, answer.body.status], [201, "expired"])
      assert.deepStrictEqual(yield* typesOf(homing, answer.body.id), ["queued", "expired signed"])
    })
  )

  it.live("while the process is down is not sent when it comes back", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const device = yield* pairedDevice(path)
      const before = yield* life
      const offline = yield* before.during(start(path, unreachable, patiently))
      const { body } = yield* offline.call("POST", "/v1/messages", shortLived(device, 0))
      yield* before.end
      yield* Effect.sleep(Math.max(0, Date.parse(body.expiresAt) - Date.now()))

      const whatsapp = Instant.make({ keep: 10 })
      const homing = yield* start(path, whatsapp.layer, patiently)
      yield* becomes(homing, body.id, "expired")
      assert.strictEqual(whatsapp.sent.length, 0)
    })
  )

  it.live.each([0, 1])(
    "while the agent is gone is unknown, until the agent says that it never tried (after %i restarts without it)",
    (restarts) =>
      Effect.gen(function* () {
        const path = yield* folder
        const device = yield* pairedDevice(path)
        let alone = yield* life
        let gateway = yield* alone.during(start(path, unreachable, { ...soon, withoutAgent: true }))
        const { body: queued } = yield* gateway.call("POST", "/v1/messages", shortLived(device, 0))
        for (let i = 0; i < restarts; i++) {
          yield* alone.end
          alone = yield* life
          gateway = yield* alone.during(start(path, unreachable, { ...soon, withoutAgent: true }))
        }
        yield* becomes(gateway, queued.id, "unknown")
        assert.deepStrictEqual(yield* typesOf(gateway, queued.id), ["queued", "unknown"])
        yield* alone.end

        const whatsapp = Instant.make({ keep: 10 })
        const homing = yield* start(path, whatsapp.layer, soon)
        yield* becomes(homing, queued.id, "expired")
        assert.deepStrictEqual(yield* typesOf(homing, queued.id), ["queued", "unknown", "expired signed"])
        assert.strictEqual(whatsapp.sent.length, 0)
      })
  )

  it.live("behind a slow one of its chat expires there", () =>
    Effect.gen(function* () {
      const whatsapp = Instant.make({ keep: 10, outcome: () => Effect.never })
      const homing = yield* start(yield* folder, whatsapp.layer, patiently)
      const device = yield* connectedDevice(homing)
      const slow = yield* homing.call("POST", "/v1/messages", text(device, "slow", { timeoutMs: 0 }))
      const behind = yield* homing.call("POST", "/v1/messages", shortLived(device))
      assert.deepStrictEqual([behind.status, behind.body.status], [201, "expired"])
      yield* becomes(homing, slow.body.id, "attempting")
      assert.strictEqual(whatsapp.sent.length, 1)
    })
  )
})

describe("what is told later", () => {
  it.live("counts: delivered after failed is delivered", () =>
    Effect.gen(function* () {
      const at = fromMillis(Date.now())
      const rejected: SendOutcome = { _tag: "Rejected", code: "463", at }
      const whatsapp = Instant.make({ keep: 10, outcome: () => Effect.succeed(rejected) })
      const homing = yield* start(yield* folder, whatsapp.layer)
      const device = yield* connectedDevice(homing)
      const { body } = yield* homing.call("POST", "/v1/messages", text(device))
      assert.deepStrictEqual([body.status, body.error.code], ["failed", "463"])
      yield* whatsapp.tell({
        _tag: "Receipt",
        device: DeviceId.make(device),
        waMessageId: body.waMessageId,
        kind: "delivered",
        at
      })
      const delivered = yield* becomes(homing, body.id, "delivered")
      assert.notProperty(delivered.body, "error")
      assert.deepStrictEqual(yield* typesOf(homing, body.id), ["queued", "failed signed", "delivered signed"])
    })
  )
})

describe("order", () => {
  const to = (number: string, device: string, words: string) => ({
    ...text(device, words, { timeoutMs: 0 }),
    to: number
  })
  const [muted, other] = ["+60123450001", "+60123450002"] as const
  const wordsTo = (sent: ReadonlyArray<{ to: { address: string }; bytes: Uint8Array }>, number: string) =>
    sent.filter(({ to }) => to.address === number).map(({ bytes }) => new TextDecoder().decode(bytes))

  it.live("holds within a chat, and a muted recipient holds up nobody else", () =>
    Effect.gen(function* () {
      let open = (_: SendOutcome) => {}
      const whatsapp = Instant.make({
        keep: 100,
        outcome: ({ bytes, to }) =>
          to.address === muted && new TextDecoder().decode(bytes) === "0"
            ? Effect.callback<SendOutcome>((resume) => {
                open = (outcome) => resume(Effect.succeed(outcome))
              })
            : Effect.succeed<SendOutcome>({ _tag: "Acked", at: fromMillis(Date.now()) })
      })
      const homing = yield* start(yield* folder, whatsapp.layer)
      const device = yield* connectedDevice(homing)
      const words = Array.from({ length: 10 }, (_, i) => String(i))
      const ids: Array<string> = []
      for (const word of words) {
        for (const number of [muted, other]) {
          const { body } = yield* homing.call("POST", "/v1/messages", to(number, device, word))
          if (number === muted) ids.push(body.id)
          else yield* becomes(homing, body.id, "sent")
        }
      }
      assert.deepStrictEqual(wordsTo(whatsapp.sent, other), words)
      assert.deepStrictEqual(wordsTo(whatsapp.sent, muted), ["0"])

      open({ _tag: "Unknown", reason: "ack_timeout" }) // the first verdict, if not the last
      yield* becomes(homing, ids[9]!, "sent")
      assert.deepStrictEqual(wordsTo(whatsapp.sent, muted), words)
      assert.strictEqual((yield* homing.call("GET", `/v1/messages/${ids[0]}`)).body.status, "unknown")
    })
  )
})
