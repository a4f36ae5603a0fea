import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Scope } from "effect"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import { DeviceId, EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { SendOutcome } from "#domain/ports/WhatsApp.ts"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { connectedDevice, eventually, folder, start, text } from "./Homing.ts"

const acked: SendOutcome = { _tag: "Acked", at: "2026-01-01T00:00:00.000Z" as never }

/** A WhatsApp whose acknowledgements wait until they are let through. */
const gated = () => {
  const gate = Deferred.makeUnsafe<void>()
  const whatsapp = Instant.make({ keep: 1_000, outcome: () => Effect.as(Deferred.await(gate), acked) })
  return { ...whatsapp, open: Deferred.succeed(gate, undefined) }
}

/** A number of the metrics. */
const counted = (series: string) =>
  Effect.map(PrometheusMetrics.format(), (text) => {
    const line = text.split("\n").find((line) => line.startsWith(`${series} `))
    return Number(line?.slice(series.length) ?? 0)
  })

/**
 * A store in which a message is sent before its own append returns, and whoever follows the log has heard of it by then:
 * a wait that is opened later does not hear it.
 */
const hasty = Layer.effect(
  EventStore,
  Effect.map(EventStore, (store) => {
    const heard = counted('homing_message_events_total{type="message.sent.v1"}')
    return EventStore.of({
      ...store,
      append: (stream, expected, events) =>
        Effect.gen(function* () {
          const appended = yield* store.append(stream, expected, events)
          const [{ metadata, type }] = events
          if (type !== "message.queued.v1") return appended
          const before = yield* heard
          const data = { attempt: 1, at: metadata.occurredAt }
          const sent = { eventId: EventId.make(crypto.randomUUID()), type: "message.sent.v1", data, metadata }
          yield* Effect.catchTag(store.append(stream, appended.revision, [sent]), "WrongExpectedRevision", Effect.die)
          yield* eventually(heard, (now) => now > before)
          return appended
        })
    })
  })
)

describe("a confirmed send over HTTP", () => {
  it.live("answers 201 sent, with the signed report in its history", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const homing = yield* start(yield* folder, Instant.make().layer)
        const device = yield* connectedDevice(homing)
        const sent = yield* homing.call("POST", "/v1/messages", text(device), { "idempotency-key": "one" })
        assert.strictEqual(sent.status, 201)
        assert.strictEqual(sent.body.status, "sent")
        assert.match(sent.body.waMessageId, /^3EB0[0-9A-F]{18}$/)
        const { body } = yield* homing.call("GET", `/v1/messages/${sent.body.id}/events`)
        assert.deepStrictEqual(
          body.items.map((_: { type: string }) => _.type),
          ["message.queued.v1", "message.sent.v1"]
        )
        assert.isString(body.items[1].evidence)
        const found = yield* homing.call("GET", `/v1/messages/${sent.body.id}`)
        assert.deepStrictEqual(found.body, sent.body)
      })
    )
  )

  it.live("knows an acknowledgement that came before anyone waited", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const homing = yield* start(yield* folder, Instant.make().layer)
        const device = yield* connectedDevice(homing)
        const key = { "idempotency-key": "early" }
        const first = yield* homing.call("POST", "/v1/messages", text(device, "hi", { timeoutMs: 0 }), key)
        assert.strictEqual(first.status, 202)
        yield* eventually(homing.call("GET", `/v1/messages/${first.body.id}`), (_) => _.body.status === "sent")
        const again = yield* homing.call("POST", "/v1/messages", text(device, "hi"), key)
        assert.strictEqual(again.status, 200)
        assert.strictEqual(again.body.status, "sent")
        assert.strictEqual(again.body.id, first.body.id)
      })
    )
  )

  it.live("hears what is recorded before it was even told that the message is accepted", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const homing = yield* start(yield* folder, gated().layer, { ports: hasty })
        const device = yield* connectedDevice(homing)
        const sent = yield* homing.call("POST", "/v1/messages", text(device))
        assert.deepStrictEqual([sent.status, sent.body.status], [201, "sent"])
      })
    )
  )

  it.live("waits for the receipt that was asked for, and no longer than it may", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const whatsapp = Instant.make({ keep: 10 })
        const homing = yield* start(yield* folder, whatsapp.layer)
        const device = yield* connectedDevice(homing)
        const tell = (kind: "delivered" | "read") =>
          whatsapp.tell({
            _tag: "Receipt",
            device: DeviceId.make(device),
            waMessageId: whatsapp.sent.at(-1)!.waMessageId,
            kind,
            at: fromMillis(Date.now())
          })

        for (const [until, ...before] of [["delivered"], ["read", "delivered"]] as const) {
          const send = (timeoutMs: number) =>
            homing.call("POST", "/v1/messages", text(device, until, { until, timeoutMs }), { "idempotency-key": until })
          const already = whatsapp.sent.length
          const patient = yield* Effect.forkChild(send(60_000), { startImmediately: true })
          yield* eventually(
            Effect.sync(() => whatsapp.sent.length),
            (count) => count > already
          )
          yield* eventually(send(0), ({ body }) => body.status === "sent")
          for (const receipt of before) {
            yield* tell(receipt)
            yield* eventually(send(0), ({ body }) => body.status === receipt)
          }
          const brief = yield* send(50)
          assert.deepStrictEqual([brief.status, brief.body.status], [202, before.at(-1) ?? "sent"])
          yield* tell(until)
          const answer = yield* Fiber.join(patient)
          assert.deepStrictEqual([answer.status, answer.body.status], [201, until])
        }
      })
    )
  )

  it.live("answers a second identical request with the outcome of the first, which is still open", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const whatsapp = gated()
        const homing = yield* start(yield* folder, whatsapp.layer)
        const device = yield* connectedDevice(homing)
        const request = homing.call("POST", "/v1/messages", text(device), { "idempotency-key": "twice" })
        const first = yield* Effect.forkChild(request, { startImmediately: true })
        yield* eventually(
          Effect.sync(() => whatsapp.sent.length),
          (n) => n === 1
        )
        const second = yield* Effect.forkChild(request, { startImmediately: true })
        yield* eventually(counted("homing_waits_open"), (open) => open === 2)
        yield* whatsapp.open
        const answers = [yield* Fiber.join(first), yield* Fiber.join(second)]
        assert.deepStrictEqual(
          answers.map((_) => [_.status, _.body.status]),
          [
            [201, "sent"],
            [200, "sent"]
          ]
        )
        assert.strictEqual(answers[0]!.body.waMessageId, answers[1]!.body.waMessageId)
        assert.strictEqual(whatsapp.sent.length, 1)
      })
    )
  )

  it.live("sends once for forty identical requests at once", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const whatsapp = gated()
        const homing = yield* start(yield* folder, whatsapp.layer)
        const device = yield* connectedDevice(homing)
        const request = homing.call("POST", "/v1/messages", text(device), { "idempotency-key": "forty" })
        const all = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 40 }, () => request),
            { concurrency: 40 }
          )
        )
        yield* eventually(
          Effect.sync(() => whatsapp.sent.length),
          (n) => n === 1
        )
        yield* whatsapp.open
        const answers = yield* Fiber.join(all)
        assert.deepStrictEqual(answers.map((_) => _.status).sort(), [...Array.from({ length: 39 }, () => 200), 201])
        assert.strictEqual(new Set(answers.map((_) => _.body.waMessageId)).size, 1)
        assert.strictEqual(whatsapp.sent.length, 1)
      })
    )
  )

  it.live("tells the truth after a restart between command and acknowledgement, under the same WhatsApp id", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const path = yield* folder
        const before = gated()
        const life = yield* Scope.make()
        const first = yield* Effect.provideService(start(path, before.layer), Scope.Scope, life)
        const device = yield* connectedDevice(first)
        const key = { "idempotency-key": "restart" }
        const open = yield* first.call("POST", "/v1/messages", text(device, "hi", { timeoutMs: 0 }), key)
        yield* eventually(
          Effect.sync(() => before.sent.length),
          (n) => n === 1
        )
        yield* Scope.close(life, Effect.runSync(Effect.exit(Effect.void)))

        const after = Instant.make({ keep: 10 })
        const second = yield* start(path, after.layer)
        const again = yield* second.call("POST", "/v1/messages", text(device, "hi"), key)
        assert.strictEqual(again.status, 200)
        assert.strictEqual(again.body.status, "sent")
        assert.deepStrictEqual(
          [...new Set([...before.sent, ...after.sent].map((_) => _.waMessageId as string))],
          [open.body.waMessageId]
        )
      })
    )
  )

  it.live("refuses other content under the same key", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const homing = yield* start(yield* folder, Instant.make().layer)
        const device = yield* connectedDevice(homing)
        const key = { "idempotency-key": "same" }
        yield* homing.call("POST", "/v1/messages", text(device), key)
        const other = yield* homing.call("POST", "/v1/messages", text(device, "something else"), key)
        assert.strictEqual(other.status, 409)
        assert.strictEqual(other.body.code, "idempotency_conflict")
      })
    )
  )
})
