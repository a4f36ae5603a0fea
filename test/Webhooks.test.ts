import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import * as NodeHttpOutbound from "#infra/outbound-http/NodeHttp.ts"
import { answer, flood, place, type Serve } from "#infra/outbound-http/testing/Place.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { mostEndpoints } from "#services/webhooks/Endpoints.ts"
import { connectedDevice, eventually, folder, gatewayOptions, type Homing, life, start, text } from "./Homing.ts"
import { type Arrival, isSigned, isVerified, receiver } from "./Receiver.ts"

const ports = NodeHttpOutbound.layer({ allow: [{ range: "loopback", port: undefined }] })
const options = { ...gatewayOptions, webhooks: { delaysMillis: [0, 100, 200] } }
const messages = ["queued", "sent"].map((what) => `homing.message.${what}.v1`)

const scene = Effect.fnUntraced(function* (more: object = {}) {
  const whatsapp = AcknowledgesAtOnce.make()
  const webhooks = { ...options.webhooks, ...more }
  const homing = yield* start(yield* folder, whatsapp.layer, { ports, options: { ...options, webhooks } })
  return { ...homing, ...whatsapp, device: yield* connectedDevice(homing) }
})

const endpoint = Effect.fnUntraced(function* ({ call }: Pick<Homing, "call">, url: string, more: object = {}) {
  const { body, status } = yield* call("POST", "/v1/endpoints", { url, types: messages, ...more })
  assert.strictEqual(status, 201)
  return body as { readonly id: string; readonly secret: string; readonly keys: [{ readonly publicKey: string }] }
})
/** A place that knows how many connections to it are open. */
const openPlace = (serve: Serve) =>
  Effect.map(place(serve), (there) => ({
    ...there,
    open: () => there.connections.filter(({ destroyed }) => !destroyed).length
  }))

const count = (arrivals: ReadonlyArray<unknown>) => Effect.sync(() => arrivals.length)
const arrived = (arrivals: ReadonlyArray<Arrival>, n: number) => eventually(count(arrivals), (now) => now >= n)
const typesOf = (arrivals: ReadonlyArray<Arrival>) => arrivals.map(({ body }) => body.type)
const listed = ({ call }: Pick<Homing, "call">, id: string, more = "") =>
  Effect.map(call("GET", `/v1/deliveries?endpoint=${id}${more}`), ({ body }) => body.items)

/** As bad as servers are. */
const badReceivers = Effect.all({
  silent: openPlace(() => {}),
  failing: openPlace(answer("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n")),
  gone: openPlace(answer("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n")),
  endless: openPlace((socket) => flood(socket, "HTTP/1.1 200 OK\r\n\r\n", "x".repeat(10_000))),
  late: openPlace((socket) => setTimeout(() => socket.end("HTTP/1.1 200 OK\r\n\r\n"), 29_000).unref()),
  closing: openPlace((socket) => socket.destroy()),
  resetting: openPlace((socket) => socket.resetAndDestroy()),
  redirecting: openPlace(
    answer("HTTP/1.1 307 There\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n")
  ),
  garbage: openPlace((socket) => socket.end("\u0000\u0001SSH-2.0-nobody\r\n\r\n")),
  trickling: openPlace((socket) => {
    const timer = setInterval(() => socket.write("HTTP/1.1 200 OK\r\nx:"[socket.bytesWritten] ?? "x"), 100)
    socket.on("close", () => clearInterval(timer))
  })
})

describe("a webhook", () => {
  it.live("tells what happens, in its order, signed as Standard Webhooks has it", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene()
      const there = yield* receiver()
      const { id, keys, secret } = yield* endpoint({ call }, there.url, { personal: true })
      const { body: message } = yield* call("POST", "/v1/messages", text(device, "to be told"))
      yield* arrived(there.arrivals, 2)
      const { body: history } = yield* call("GET", `/v1/messages/${message.id}/events`)
      const recorded = (history.items as ReadonlyArray<{ id: string }>).map(({ id }) => id)
      assert.deepStrictEqual(
        there.arrivals.map(({ body }) => body.id),
        recorded
      )
      assert.deepStrictEqual(typesOf(there.arrivals), messages)
      for (const arrival of there.arrivals) {
        assert.isTrue(isVerified(secret, arrival))
        assert.isTrue(isSigned(keys[0].publicKey, arrival))
        assert.strictEqual(arrival.body.subject, message.id)
        assert.isFalse(arrival.id.includes("."))
        assert.include(arrival.headers["content-type"], "application/cloudevents+json")
      }
      const [first] = there.arrivals
      assert.deepStrictEqual([first!.body.data.to, first!.body.data.content.text], ["+60123456789", "to be told"])
      const sequences = there.arrivals.map(({ body }) => body.sequence as string)
      assert.deepStrictEqual(sequences, sequences.toSorted())
      assert.lengthOf([...new Set(there.arrivals.map(({ id }) => id))], 2)
      const items = yield* eventually(listed({ call }, id), (items) =>
        items.every(({ status }: { status: string }) => status === "delivered")
      )
      assert.deepStrictEqual(
        items.map(({ id }: { id: string }) => id),
        there.arrivals.map(({ id }) => id).toReversed()
      )
      assert.deepStrictEqual(items[0].attempts[0].status, 204)
      const shown = yield* call("GET", `/v1/endpoints/${id}`)
      assert.deepStrictEqual([shown.body.secret, shown.body.state, shown.body.url], [undefined, "enabled", there.url])
    })
  )

  it.live("tells no number and no text to whoever may not read them, and only what it asks for", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene()
      const there = yield* receiver()
      yield* endpoint({ call }, there.url, { types: [messages[0]] })
      const other = yield* receiver()
      yield* endpoint({ call }, other.url, { types: [], device: "99999999-9999-7999-8999-999999999999" })
      yield* call("POST", "/v1/messages", text(device, "a secret text"))
      yield* call("POST", "/v1/messages", text(device, "another one"))
      yield* arrived(there.arrivals, 2)
      assert.deepStrictEqual(typesOf(there.arrivals), [messages[0], messages[0]])
      for (const arrival of there.arrivals) assert.notMatch(arrival.text, /60123456789|secret text|another one/)
      assert.deepStrictEqual(other.arrivals, [])
    })
  )

  it.live("tells what a contact wrote", () =>
    Effect.gen(function* () {
      const { call, device, tell } = yield* scene()
      const there = yield* receiver()
      const { secret } = yield* endpoint({ call }, there.url, { types: ["homing.inbound.message.v1"], personal: true })
      const sender = { kind: "person", phone: PhoneNumber.make("+60123456780") } as const
      const heard = { chat: sender, sender, fromMe: false, content: { type: "text", text: "is it here?" } } as const
      const held = yield* Deferred.make<void>()
      const taken = Effect.asVoid(Deferred.succeed(held, undefined))
      yield* tell({ _tag: "Heard", device: device as never, heard: { waMessageId: "A1", ...heard }, taken })
      yield* arrived(there.arrivals, 1)
      yield* Deferred.await(held)
      const [{ body }] = there.arrivals as [Arrival]
      assert.deepStrictEqual([body.type, body.source], ["homing.inbound.message.v1", `/devices/${device}`])
      assert.deepStrictEqual(body.data.content, heard.content)
      assert.isTrue(isVerified(secret, there.arrivals[0]!))
    })
  )

  it.live("is signed with both secrets while one takes the place of another, and then with the new one alone", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene()
      const there = yield* receiver()
      const { id, secret } = yield* endpoint({ call }, there.url, { types: [messages[0]] })
      const key = { "idempotency-key": "first-rotation" }
      const { body: rotated } = yield* call("POST", `/v1/endpoints/${id}/rotate`, { overlapSeconds: 60 }, key)
      const again = yield* call("POST", `/v1/endpoints/${id}/rotate`, { overlapSeconds: 60 }, key)
      assert.deepStrictEqual([again.status, again.body.secret, again.body.keys.length], [200, undefined, 2])
      yield* call("POST", "/v1/messages", text(device))
      yield* arrived(there.arrivals, 1)
      for (const good of [secret, rotated.secret]) assert.isTrue(isVerified(good, there.arrivals[0]!))
      for (const { publicKey } of rotated.keys) assert.isTrue(isSigned(publicKey, there.arrivals[0]!))
      const { body: last } = yield* call("POST", `/v1/endpoints/${id}/rotate`, { overlapSeconds: 0 })
      assert.lengthOf(last.keys, 1)
      yield* call("POST", "/v1/messages", text(device))
      yield* arrived(there.arrivals, 2)
      const verified = [secret, rotated.secret, last.secret].map((one) => isVerified(one, there.arrivals[1]!))
      assert.deepStrictEqual(verified, [false, false, true])
    })
  )

  it.live("is tried again under its id, and nothing of its chat overtakes it", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene()
      const there = yield* receiver((_, count) => (count <= 2 ? 503 : 200))
      const { id } = yield* endpoint({ call }, there.url)
      yield* call("POST", "/v1/messages", text(device))
      yield* arrived(there.arrivals, 4)
      assert.deepStrictEqual(typesOf(there.arrivals), [messages[0], messages[0], ...messages])
      assert.lengthOf([...new Set(there.arrivals.map(({ id }) => id))], 2)
      const items = yield* eventually(listed({ call }, id, "&status=delivered"), ({ length }) => length === 2)
      const statuses = items.map(({ attempts }: { attempts: ReadonlyArray<{ status: number }> }) =>
        attempts.map(({ status }) => status)
      )
      assert.deepStrictEqual(statuses, [[200], [503, 503, 200]])
    })
  )

  it.live("is given up when it never arrives, lets the next go, and is redriven under its id", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene()
      let isUp = false
      const there = yield* receiver(({ body }) => (isUp || body.type !== messages[0] ? 200 : 302))
      const { id } = yield* endpoint({ call }, there.url)
      yield* call("POST", "/v1/messages", text(device))
      const [dead] = yield* eventually(listed({ call }, id, "&status=dead"), ({ length }) => length === 1)
      assert.deepStrictEqual([dead.type, dead.tries, dead.dueAt], [messages[0], 3, null])
      yield* arrived(there.arrivals, 4)
      assert.deepStrictEqual(typesOf(there.arrivals), [messages[0], messages[0], ...messages])
      isUp = true
      const key = { "idempotency-key": "once-more" }
      const asked = yield* call("POST", `/v1/deliveries/${dead.id}/redrive`, {}, key)
      assert.strictEqual(asked.status, 200)
      yield* arrived(there.arrivals, 5)
      assert.strictEqual(there.arrivals[4]!.id, dead.id)
      yield* eventually(listed({ call }, id, "&status=delivered"), ({ length }) => length === 2)
      yield* call("POST", `/v1/deliveries/${dead.id}/redrive`, {}, key)
      yield* Effect.sleep("300 millis")
      assert.lengthOf(there.arrivals, 5)
      const unknown = yield* call("POST", `/v1/deliveries/${id}/redrive`, {})
      assert.deepStrictEqual([unknown.status, unknown.body.code], [404, "delivery_not_found"])
    })
  )

  it.live("that answers 410 disables its endpoint, and goes on when that is enabled again", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene()
      let status = 410
      const there = yield* receiver(() => status)
      const { id } = yield* endpoint({ call }, there.url, { types: [messages[0]] })
      yield* call("POST", "/v1/messages", text(device))
      const gone = yield* eventually(call("GET", `/v1/endpoints/${id}`), ({ body }) => body.state === "disabled")
      assert.strictEqual(gone.body.reason, "gone")
      yield* call("POST", "/v1/messages", text(device)) // not delivered, now or later
      yield* Effect.sleep("500 millis")
      assert.lengthOf(there.arrivals, 1)
      status = 200
      const enabled = yield* call("PATCH", `/v1/endpoints/${id}`, { enabled: true })
      assert.deepStrictEqual([enabled.body.state, enabled.body.reason], ["enabled", null])
      yield* arrived(there.arrivals, 2)
      assert.strictEqual(there.arrivals[1]!.id, there.arrivals[0]!.id)
      yield* Effect.sleep("300 millis")
      assert.lengthOf(there.arrivals, 2)
    })
  )

  it.live("at an endpoint where nothing arrives for long ends, and begins anew when that is enabled", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene({ delaysMillis: [0, 1_000, 1_000], patienceMillis: 1_900 })
      let isUp = false
      const there = yield* receiver((_, count) => (isUp && count > 4 ? 200 : 500))
      const { id } = yield* endpoint({ call }, there.url, { types: [messages[0]] })
      yield* call("POST", "/v1/messages", text(device))
      const ended = yield* eventually(call("GET", `/v1/endpoints/${id}`), ({ body }) => body.state === "disabled")
      assert.strictEqual(ended.body.reason, "failing")
      isUp = true
      assert.strictEqual((yield* call("PATCH", `/v1/endpoints/${id}`, { enabled: true })).body.state, "enabled")
      yield* call("POST", "/v1/messages", text(device))
      yield* eventually(listed({ call }, id, "&status=delivered"), ({ length }) => length === 1)
      assert.strictEqual((yield* call("GET", `/v1/endpoints/${id}`)).body.state, "enabled")
      assert.lengthOf(there.arrivals, 5) // three, then one more that failed
    })
  )

  it.live("to ones that are bad in every way holds up none to nine others, nor another chat there", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene()
      const others = yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8, 9], () => receiver())
      yield* Effect.forEach(others, ({ url }) => endpoint({ call }, url))
      let told = 0
      /** Nine messages, each in a chat of its own, to all of the nine; in milliseconds. */
      const round = Effect.gen(function* () {
        const begun = performance.now()
        for (const last of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
          yield* call("POST", "/v1/messages", { ...text(device), to: `+6012345678${last}` })
        }
        told += 18
        yield* Effect.forEach(others, ({ arrivals }) => arrived(arrivals, told))
        return performance.now() - begun
      })
      yield* round
      const bad = yield* badReceivers
      yield* Effect.forEach(Object.values(bad), ({ port }) => endpoint({ call }, `http://127.0.0.1:${port}/hook`))
      const before = process.memoryUsage.rss()
      const took = yield* round
      assert.isBelow(took, 10_000) // whoever says nothing is waited for fifteen seconds
      yield* eventually(
        Effect.sync(() => bad.silent.requests.length),
        (now) => now === 9
      ) // each of another chat
      for (const { open } of Object.values(bad)) assert.isAtMost(open(), 32)
      assert.isBelow(process.memoryUsage.rss() - before, 150_000_000)
      for (const { arrivals } of others) {
        const bySubject = Map.groupBy(arrivals, ({ body }) => body.subject)
        for (const some of bySubject.values()) assert.deepStrictEqual(typesOf(some), messages)
      }
    })
  )

  it.live("arrives again, under its id, when its outcome was not recorded", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const whatsapp = AcknowledgesAtOnce.make()
      let isOver = false
      const there = yield* receiver(() => (isOver ? 200 : new Promise<number>(() => {})))
      const first = yield* life
      const homing = yield* first.during(start(path, whatsapp.layer, { ports, options }))
      const device = yield* connectedDevice(homing)
      yield* endpoint(homing, there.url)
      yield* homing.call("POST", "/v1/messages", text(device))
      yield* arrived(there.arrivals, 1)
      yield* first.end
      isOver = true
      yield* start(path, whatsapp.layer, { ports, options })
      yield* arrived(there.arrivals, 3)
      assert.deepStrictEqual(typesOf(there.arrivals), [messages[0], ...messages])
      assert.strictEqual(there.arrivals[1]!.id, there.arrivals[0]!.id)
    })
  )

  it.live("for which too much waits is told nothing more, somebody is told so, and nothing that waits is lost", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene({
        delaysMillis: [0, ...Array(40).fill(500)],
        mostPending: 3,
        lookMillis: 100
      })
      let status = 503
      const there = yield* receiver(() => status)
      const { id } = yield* endpoint({ call }, there.url)
      yield* Effect.forEach([1, 2, 3], () => call("POST", "/v1/messages", text(device)))
      const ended = yield* eventually(call("GET", `/v1/endpoints/${id}`), ({ body }) => body.state === "disabled")
      assert.strictEqual(ended.body.reason, "backlog")
      const health = yield* eventually(call("GET", "/health/detailed"), ({ body }) => body.warnings.length > 0)
      assert.deepStrictEqual([health.body.status, health.body.warnings], ["degraded", ["endpoint_disabled"]])
      const { body: metrics } = yield* call("GET", "/metrics")
      assert.match(metrics.text, /homing_deliveries_suspended [4-6]\n/)
      assert.match(metrics.text, /homing_delivery_attempts_total\{outcome="5xx"\} [1-9]/)
      const pending = (yield* listed({ call }, id, "&status=pending")).length
      assert.isAtLeast(pending, 4)
      status = 200
      yield* call("PATCH", `/v1/endpoints/${id}`, { enabled: true })
      yield* eventually(listed({ call }, id, "&status=delivered"), ({ length }) => length === pending)
      assert.strictEqual((yield* listed({ call }, id)).length, pending)
    })
  )

  it.live("has its place among so many endpoints", () =>
    Effect.gen(function* () {
      const { call } = yield* scene()
      const url = "https://hooks.example/"
      const made = yield* Effect.forEach(
        Array.from({ length: mostEndpoints }),
        () => call("POST", "/v1/endpoints", { url }),
        { concurrency: 8 }
      )
      assert.deepStrictEqual([...new Set(made.map(({ status }) => status))], [201])
      const one = yield* call("POST", "/v1/endpoints", { url })
      assert.deepStrictEqual([one.status, one.body.code], [409, "too_many_endpoints"])
      yield* call("DELETE", `/v1/endpoints/${made[0]!.body.id}`)
      assert.strictEqual((yield* call("POST", "/v1/endpoints", { url })).status, 201)
    })
  )

  it.live("is refused where nothing may be sent, and can be tried out", () =>
    Effect.gen(function* () {
      const { call } = yield* scene()
      for (const [url, code] of [
        ["https://169.254.169.254/latest", "address_refused"],
        ["ftp://hooks.example/", "address_refused"],
        ["https://user:pass@hooks.example/", "address_refused"],
        ["", "invalid_request"]
      ]) {
        const { body, status } = yield* call("POST", "/v1/endpoints", { url })
        assert.deepStrictEqual([status, body.code], [422, code], url)
      }
      const there = yield* receiver(() => 201)
      const { id, secret } = yield* endpoint({ call }, there.url)
      const tested = yield* call("POST", `/v1/endpoints/${id}/test`, {})
      assert.deepStrictEqual([tested.status, tested.body.status], [200, 201])
      assert.deepStrictEqual(typesOf(there.arrivals), ["homing.endpoint.test.v1"])
      assert.isTrue(isVerified(secret, there.arrivals[0]!))
      assert.strictEqual((yield* call("DELETE", `/v1/endpoints/${id}`)).status, 204)
      assert.strictEqual((yield* call("GET", `/v1/endpoints/${id}`)).status, 404)
      assert.deepStrictEqual((yield* call("GET", "/v1/endpoints")).body.items, [])
    })
  )
})
