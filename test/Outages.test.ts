import { chmodSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Array, Deferred, Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { SubjectKeys, SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import type { SendOutcome } from "#domain/ports/WhatsApp.ts"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { type Fault, unreliable } from "#services/testing/UnreliableStore.ts"
import { connectedDevice, eventually, folder, gatewayOptions, type Homing, life, start, text } from "./Homing.ts"
import { smallDisk } from "./SmallDisk.ts"

const keyed = (key: string) => ({ "idempotency-key": key })
const atOnce = { timeoutMs: 0 }
const briefly = { timeoutMs: 300 }

const endSent = (homing: Homing, ids: Iterable<string>) =>
  Effect.forEach(ids, (id) =>
    eventually(homing.call("GET", `/v1/messages/${id}`), ({ body }) => body.status === "sent")
  )

/** A WhatsApp that acknowledges nothing until the gate opens. */
const gated = () => {
  const gate = Deferred.makeUnsafe<void>()
  const acked: SendOutcome = { _tag: "Acked", at: "2026-01-01T00:00:00.000Z" as never }
  const whatsapp = Instant.make({ keep: 1_000, outcome: () => Effect.as(Deferred.await(gate), acked) })
  return { ...whatsapp, open: Deferred.succeed(gate, undefined) }
}

describe("without the agent", () => {
  it.live("messages wait, and are sent when it comes back", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const whatsapp = Instant.make({ keep: 10 })
      const together = yield* life
      const device = yield* connectedDevice(yield* together.during(start(path, whatsapp.layer)))
      yield* together.end

      const alone = yield* life
      const gateway = yield* alone.during(start(path, whatsapp.layer, { withoutAgent: true }))
      const waited = yield* gateway.call("POST", "/v1/messages", text(device, "one", briefly), keyed("one"))
      const unwaited = yield* gateway.call("POST", "/v1/messages", text(device, "two", atOnce), keyed("two"))
      for (const { body, status } of [waited, unwaited]) assert.deepStrictEqual([status, body.status], [202, "queued"])
      const unpaired = yield* gateway.call("POST", "/v1/devices", { name: "another", pairing: "qr" })
      for (const confirm of [briefly, atOnce]) {
        const refused = yield* gateway.call("POST", "/v1/messages", text(unpaired.body.id, "three", confirm))
        assert.deepStrictEqual([refused.status, refused.body.code], [409, "device_not_paired"])
      }
      yield* alone.end

      const back = yield* start(path, whatsapp.layer)
      yield* endSent(back, [waited.body.id, unwaited.body.id])
      assert.deepStrictEqual(
        whatsapp.sent.map(({ waMessageId }) => waMessageId as string),
        [waited.body.waMessageId, unwaited.body.waMessageId]
      )
    })
  )
})

describe("without the store", () => {
  it.live.each(["refuses", "forgets", "mute", "gone"] satisfies ReadonlyArray<Fault>)(
    "one that %s: 503, and a repeat with the same key makes one message",
    (fault) =>
      Effect.gen(function* () {
        const whatsapp = gated()
        const { become, layer } = unreliable()
        const homing = yield* start(yield* folder, whatsapp.layer, { ports: layer })
        const device = yield* connectedDevice(homing)
        const before = yield* homing.call("POST", "/v1/messages", text(device, "before", atOnce), keyed("before"))
        assert.strictEqual(before.status, 202)

        yield* become(fault)
        yield* whatsapp.open // its acknowledgement comes while nothing can be recorded
        for (const confirm of [briefly, atOnce]) {
          const during = text(device, "during", confirm)
          const down = yield* homing.call("POST", "/v1/messages", during, keyed("during"))
          assert.strictEqual(down.headers.get("idempotency-key"), "during")
          if (down.status === 503) assert.strictEqual(down.body.code, "store_unavailable")
          else assert.strictEqual(`${fault} ${confirm.timeoutMs}`, "mute 0") // the repeat finds what nobody knew of
        }
        assert.strictEqual((yield* homing.call("GET", "/health")).status, 200)

        yield* become("none")
        const again = yield* homing.call("POST", "/v1/messages", text(device, "during"), keyed("during"))
        assert.deepStrictEqual([again.status, again.body.status], [fault === "mute" ? 200 : 201, "sent"])
        yield* endSent(homing, [before.body.id])
        const listed = homing.call("GET", "/v1/messages") // which follows the log, and begins again after an outage
        const { body } = yield* eventually(listed, ({ body }) => body.items?.length >= 2)
        assert.lengthOf(body.items, 2)
        assert.strictEqual(new Set(whatsapp.sent.map(({ waMessageId }) => waMessageId)).size, 2)
      })
  )
})

describe("without a port", () => {
  const unavailable = (lines: ReadonlyArray<string>) =>
    lines.map((line) => JSON.parse(line)).flatMap(({ msg, port }) => (msg === "a port is unavailable" ? [port] : []))

  it.live("of the views, a list is unavailable, and the log says why; messages are sent as ever", () =>
    Effect.gen(function* () {
      const clients: globalThis.Array<SqlClient.SqlClient> = []
      const ports = Layer.effectDiscard(Effect.map(SqlClient.SqlClient, (client) => clients.push(client)))
      const lines: globalThis.Array<string> = []
      const homing = yield* start(yield* folder, Instant.layer, { ports, log: (line) => lines.push(line) })
      const device = yield* connectedDevice(homing)
      yield* clients[0]!`DROP TABLE messages`
      const list = yield* homing.call("GET", "/v1/messages")
      assert.deepStrictEqual([list.status, list.body.code], [503, "store_unavailable"])
      assert.deepStrictEqual(unavailable(lines), ["ViewsUnavailable"])
      assert.strictEqual((yield* homing.call("POST", "/v1/messages", text(device))).status, 201)
    })
  )

  it.live("of the subject keys, names cannot be shown, and devices are counted all the same", () =>
    Effect.gen(function* () {
      let gone = false
      const ports = Layer.effect(
        SubjectKeys,
        Effect.map(SubjectKeys, (keys) => ({
          ...keys,
          find: (...asked: Parameters<typeof keys.find>) =>
            gone ? Effect.fail(new SubjectKeysUnavailable({ cause: new Error("simulated") })) : keys.find(...asked)
        }))
      )
      const homing = yield* start(yield* folder, Instant.layer, { ports })
      yield* connectedDevice(homing)
      gone = true
      const list = yield* homing.call("GET", "/v1/devices")
      assert.deepStrictEqual([list.status, list.body.code], [503, "store_unavailable"])
      const { body, status } = yield* homing.call("GET", "/health/detailed")
      assert.deepStrictEqual([status, body.devices?.connected], [200, 1])
    })
  )

  it.live("of the secrets, there is no new key, and the log says why", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const lines: globalThis.Array<string> = []
      const homing = yield* start(path, Instant.layer, { log: (line) => lines.push(line) })
      chmodSync(join(path, "secrets"), 0o777)
      const refused = yield* homing.call("POST", "/v1/gateway-keys")
      assert.deepStrictEqual([refused.status, refused.body.code], [503, "store_unavailable"])
      assert.deepStrictEqual(unavailable(lines), ["SecretVaultUnavailable"])
      chmodSync(join(path, "secrets"), 0o700)
      assert.strictEqual((yield* homing.call("POST", "/v1/gateway-keys")).status, 201)
    })
  )
})

describe("a full disk", () => {
  it.live("refuses what it cannot keep, loses nothing, and goes on when there is room", () =>
    Effect.gen(function* () {
      const disk = yield* smallDisk
      const store = unreliable()
      const whatsapp = gated()
      const { fill, makeRoom, path } = disk ?? {
        path: yield* folder,
        fill: store.become("refuses"),
        makeRoom: store.become("none")
      }
      const homing = yield* start(path, whatsapp.layer, { ports: store.layer })
      const device = yield* connectedDevice(homing)
      const before = yield* homing.call("POST", "/v1/messages", text(device, "before", atOnce), keyed("before"))
      assert.strictEqual(before.status, 202)

      yield* fill
      yield* whatsapp.open
      // what is already allocated may still hold a little
      const accepted = [before.body.id as string]
      const send = (n: number, confirm: object) =>
        homing.call("POST", "/v1/messages", text(device, `${n} ${"x".repeat(20_000)}`, confirm), keyed(`${n}`))
      const refusals = []
      for (let n = 0; n < 200 && refusals.length < 6; n++) {
        const answer = yield* send(n, n % 2 === 0 ? atOnce : briefly)
        if (answer.status === 503) refusals.push({ n, answer })
        else accepted.push(answer.body.id)
      }
      assert.lengthOf(refusals, 6)
      for (const { answer } of refusals) assert.strictEqual(answer.body.code, "store_unavailable")
      assert.strictEqual((yield* homing.call("GET", "/health")).status, 200)
      const full = yield* eventually(homing.call("GET", "/health/ready"), ({ status }) => status !== 200)
      assert.deepStrictEqual([full.status, full.body.code], [503, "store_unavailable"])
      assert.isNotNull(full.headers.get("retry-after"))

      yield* makeRoom
      yield* eventually(homing.call("GET", "/health/ready"), ({ status }) => status === 200)
      for (const { n } of refusals) {
        const again = yield* eventually(send(n, { timeoutMs: 30_000 }), ({ status }) => status !== 503)
        assert.include([200, 201], again.status)
        accepted.push(again.body.id)
      }
      yield* endSent(homing, accepted)
      const listed = Effect.map(homing.call("GET", "/v1/messages?limit=200"), ({ body }) =>
        body.items.map(({ id }: { id: string }) => id)
      )
      const all = [...new Set(accepted)]
      assert.sameMembers(yield* eventually(listed, ({ length }) => length >= all.length), all) // the view follows the log
      assert.strictEqual(new Set(whatsapp.sent.map(({ waMessageId }) => waMessageId)).size, new Set(accepted).size)
    })
  )
})

describe("a full queue", () => {
  it.live("is not overrun by all who come at once, before the views show any of them", () =>
    Effect.gen(function* () {
      const whatsapp = gated()
      const options = { ...gatewayOptions, queueLimits: { perDevice: 3, total: 5, waits: 100 } }
      const homing = yield* start(yield* folder, whatsapp.layer, { options })
      const devices = [yield* connectedDevice(homing), yield* connectedDevice(homing)]
      const burst = (device: string) =>
        Effect.all(
          Array.makeBy(20, (i) =>
            homing.call("POST", "/v1/messages", text(device, "hello", atOnce), keyed(`${device}/${i}`))
          ),
          { concurrency: "unbounded" }
        )
      const answers = (yield* Effect.forEach(devices, burst)).flat()
      const statuses = answers.map(({ status }) => status)
      assert.deepStrictEqual([...new Set(statuses)].sort(), [202, 429])
      assert.lengthOf(
        statuses.filter((status) => status === 202),
        5
      )
      yield* whatsapp.open
    })
  )

  it.live("takes no more until there is room, and answers for what it took", () =>
    Effect.gen(function* () {
      const whatsapp = gated()
      const options = { ...gatewayOptions, queueLimits: { perDevice: 2, total: 3, waits: 10_000 } }
      const homing = yield* start(yield* folder, whatsapp.layer, { options })
      const device = yield* connectedDevice(homing)
      const send = (key: string, confirm: object) =>
        homing.call("POST", "/v1/messages", text(device, key, confirm), keyed(key))
      const taken = [yield* send("one", atOnce), yield* send("two", atOnce)]
      assert.deepStrictEqual(
        taken.map(({ status }) => status),
        [202, 202]
      )
      for (const confirm of [briefly, atOnce]) {
        const full = yield* send("three", confirm)
        assert.strictEqual(full.status, 429)
        assert.strictEqual(full.body.code, "queue_full")
        assert.match(full.headers.get("retry-after") ?? "", /^[1-9]\d*$/)
        assert.strictEqual(full.headers.get("idempotency-key"), "three")
      }
      const repeated = yield* send("one", atOnce)
      assert.deepStrictEqual([repeated.status, repeated.body.id], [202, taken[0]!.body.id])

      yield* whatsapp.open
      yield* endSent(
        homing,
        taken.map(({ body }) => body.id)
      )
      const room = yield* eventually(send("three", {}), ({ status }) => status !== 429)
      assert.deepStrictEqual([room.status, room.body.status], [201, "sent"])
      assert.strictEqual(whatsapp.sent.length, 3)
    })
  )
})

describe("too many who wait", () => {
  it.live("are told so before anything is accepted; who does not wait is served", () =>
    Effect.gen(function* () {
      const whatsapp = gated()
      const options = { ...gatewayOptions, queueLimits: { perDevice: 100, total: 100, waits: 4 } }
      const homing = yield* start(yield* folder, whatsapp.layer, { options })
      const device = yield* connectedDevice(homing)
      const send = (key: string, confirm: object) =>
        homing.call("POST", "/v1/messages", text(device, "hello", confirm), keyed(key))
      const patiently = { until: "sent", timeoutMs: 60_000 }
      const waiting = yield* Effect.forEach(Array.range(1, 9), (i) => Effect.forkChild(send(`${i}`, patiently)))
      const polled = Effect.forEach(waiting, (fiber) => Effect.sync(() => fiber.pollUnsafe()))
      yield* eventually(polled, (answers) => answers.filter((answer) => answer !== undefined).length === 5)

      const late = yield* send("late", patiently)
      assert.deepStrictEqual([late.status, late.body.code], [503, "too_many_waits"])
      assert.strictEqual(late.headers.get("retry-after"), "5")
      assert.strictEqual(late.headers.get("idempotency-key"), "late")
      assert.strictEqual((yield* send("late", atOnce)).status, 202)
      const repeated = yield* send("late", patiently) // is told at once what is known
      assert.deepStrictEqual([repeated.status, repeated.headers.get("idempotency-key")], [202, "late"])
      const other = yield* homing.call("POST", "/v1/messages", text(device, "other words", patiently), keyed("late"))
      assert.strictEqual(other.body.code, "idempotency_conflict")

      yield* whatsapp.open
      const answers = yield* Effect.forEach(waiting, Fiber.join)
      const statuses = answers.map(({ status }) => status).sort()
      assert.deepStrictEqual(statuses, [201, 201, 201, 201, 503, 503, 503, 503, 503])
      assert.strictEqual((yield* send("late", patiently)).status, 200)
      yield* eventually(
        Effect.sync(() => whatsapp.sent.length),
        (count) => count === 5
      )
    })
  )
})
