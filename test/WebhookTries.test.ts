import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { answer, flood, place, type Serve } from "#infra/outbound-http/testing/Place.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { connectedDevice, eventually, folder, life, start, text } from "./Homing.ts"
import { receiver } from "./Receiver.ts"
import { arrived, endpoint, listed, messages, options, ports, scene, typesOf } from "./WebhookScene.ts"

/** A place that knows how many connections to it are open. */
const openPlace = (serve: Serve) =>
  Effect.map(place(serve), (there) => ({
    ...there,
    open: () => there.connections.filter(({ destroyed }) => !destroyed).length
  }))
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
      const { body } = yield* call("GET", "/v1/access-log")
      const redriven = body.items.map(({ by, of, type }: Record<string, string>) => [type, of, by])
      assert.deepStrictEqual(redriven, Array(2).fill(["access.redriven", "deliveries", "configured"]))
      const unknown = yield* call("POST", `/v1/deliveries/${id}/redrive`, {})
      assert.deepStrictEqual([unknown.status, unknown.body.code], [404, "delivery_not_found"])
    })
  )

  it.live("that waits for its next attempt is attempted at once when it is redriven, once for a key", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene({ delaysMillis: [0, 3_600_000, 3_600_000] })
      const there = yield* receiver((_, count) => (count <= 2 ? 503 : 200))
      const { id } = yield* endpoint({ call }, there.url, { types: [messages[0]] })
      yield* call("POST", "/v1/messages", text(device))
      const waiting = (tries: number) => eventually(listed({ call }, id), ([first]) => first?.tries === tries)
      const [{ id: delivery }] = yield* waiting(1)
      const redrive = (key: string) =>
        call("POST", `/v1/deliveries/${delivery}/redrive`, {}, { "idempotency-key": key })
      assert.strictEqual((yield* redrive("now")).status, 200)
      yield* waiting(2)
      const again = yield* redrive("now") // it was
      assert.isAbove(Date.parse(again.body.dueAt), Date.now())
      assert.strictEqual((yield* redrive("again")).status, 200)
      yield* eventually(listed({ call }, id, "&status=delivered"), ({ length }) => length === 1)
      assert.lengthOf(there.arrivals, 3)
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
      const usual = yield* round
      const bad = yield* badReceivers
      yield* Effect.forEach(Object.values(bad), ({ port }) => endpoint({ call }, `http://127.0.0.1:${port}/hook`))
      const before = process.memoryUsage.rss()
      const took = yield* round
      assert.isBelow(took, 10_000 + 2 * usual) // whoever says nothing is waited for fifteen seconds
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
})
