import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { eventStoreDouble } from "#infra/event-store/double/testing/DoubleFixture.ts"
import { type Answer, eventually, folder, text } from "./Homing.ts"
import { scan, simulator, started } from "./Process.ts"

const codeOf = ({ body, status }: Answer) => `${status} ${body.code ?? body.status ?? ""}`.trim()

/** What it answers, and how long that took. */
const timed = Effect.fnUntraced(function* (call: Effect.Effect<Answer>) {
  const begun = performance.now()
  const answer = yield* call
  return { code: codeOf(answer), millis: Math.round(performance.now() - begun), answer }
})

/** `homing start` on the stand-in, with a linked device. */
const installed = Effect.gen(function* () {
  const cwd = yield* folder
  const server = yield* eventStoreDouble
  const whatsapp = yield* simulator(cwd)
  const env = { DATA_DIR: "data", WHATSAPP_URL: whatsapp.url, EVENTSTORE_URL: server.url, LOG_LEVEL: "warn" }
  const homing = yield* started({ cwd, env })
  const [, device] = yield* homing.process.says(/device (\S+): scan it with the phone/)
  yield* scan(homing, whatsapp, device!, "15550100001")
  const send = (key: string, timeoutMs: number) =>
    homing.call("POST", "/v1/messages", text(device!, "hello", { until: "sent", timeoutMs }), {
      "idempotency-key": key
    })
  assert.strictEqual(codeOf(yield* send("before", 5_000)), "201 sent")
  return { ...homing, device: device!, send, server }
})

describe("while EventStoreDB says nothing", () => {
  it.live("every request is answered in the time that it has", () =>
    Effect.gen(function* () {
      const { call, send, server } = yield* installed
      yield* server.fault({ fault: "stall" })
      const asked = yield* Effect.all(
        [
          timed(send("none", 0)),
          timed(send("one", 1_000)),
          timed(send("one", 1_000)), // behind the first in the line of its message
          timed(send("before", 1_000)),
          timed(send("three", 3_000)),
          timed(call("GET", "/v1/messages/00000000-0000-8000-8000-000000000000")),
          timed(call("POST", "/v1/clients", { name: "shop", scopes: ["messages:send"] }))
        ],
        { concurrency: "unbounded" }
      )
      const slack = 12_000 // two seconds are its own; the rest is for busy machines
      const limits = [0, 1_000, 1_000, 1_000, 3_000, 8_000, 8_000].map((millis) => millis + slack)
      for (const [i, { code, millis }] of asked.entries()) {
        assert.strictEqual(code, "503 store_unavailable", `request ${i}`)
        assert.isAtMost(millis, limits[i]!, `request ${i}`)
      }
      const [patient] = asked.splice(4)
      for (const [i, { millis }] of asked.entries()) assert.isBelow(millis, patient!.millis, `request ${i}`)
      yield* server.heal
      // "not known to be accepted": the same key finds out, and nothing goes out twice
      const again = yield* eventually(send("one", 5_000), ({ status }) => status < 500)
      assert.match(codeOf(again), /^20[01] (sent|delivered|read)$/)
      assert.strictEqual((yield* send("before", 1_000)).status, 200)
    })
  )

  it.live("on one connection, another one is opened within seconds", () =>
    Effect.gen(function* () {
      const { send, server } = yield* installed
      yield* server.fault({ fault: "mute", times: 1 })
      const begun = performance.now()
      const answer = yield* eventually(send("soon", 1_000), ({ status }) => status < 500)
      assert.oneOf(answer.status, [200, 201, 202])
      assert.isBelow(performance.now() - begun, 30_000) // most of it for busy machines
    })
  )
})
