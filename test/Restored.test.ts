import { cpSync, rmSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { until } from "#domain/testing/Eventually.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { eventSource, webSocket } from "./Followers.ts"
import { apiKey, connectedDevice, folder, life, start, text } from "./Homing.ts"

/** Runs on a folder until what it was begun for is done. */
const running = <A, E, R>(
  path: string,
  work: (homing: Effect.Success<ReturnType<typeof start>>) => Effect.Effect<A, E, R>
) =>
  Effect.gen(function* () {
    const { during, end } = yield* life
    const homing = yield* during(start(path, AcknowledgesAtOnce.make().layer))
    return yield* Effect.ensuring(work(homing), end)
  })

it.live(
  "a cursor of later than the folder that was put back is refused wherever one follows, until the log has come to it",
  () =>
    Effect.gen(function* () {
      const path = yield* folder
      const [data, kept] = [join(path, "data"), join(path, "kept")]
      const next = (homing: { readonly call: Effect.Success<ReturnType<typeof start>>["call"] }) =>
        Effect.map(homing.call("GET", "/v1/events?limit=500"), ({ body }) => body.next as string)
      const [device, before] = yield* running(data, (homing) =>
        Effect.gen(function* () {
          const device = yield* connectedDevice(homing)
          return [device, yield* next(homing)] as const
        })
      )
      cpSync(data, kept, { recursive: true })
      const later = yield* running(data, (homing) =>
        Effect.gen(function* () {
          for (let n = 0; n < 10; n++) yield* homing.call("POST", "/v1/messages", text(device, `number ${n}`))
          return yield* next(homing)
        })
      )
      rmSync(data, { recursive: true })
      cpSync(kept, data, { recursive: true })
      yield* running(data, (homing) =>
        Effect.gen(function* () {
          const { call, url } = homing
          const { status, body } = yield* call("GET", `/v1/events?after=${later}`)
          assert.deepStrictEqual([status, body.code], [422, "invalid_request"])
          assert.deepStrictEqual(
            [body.errors[0].pointer, /ends before/.test(body.errors[0].expected)],
            ["/after", true]
          )
          const stream = yield* eventSource(`${url}/v1/live`, apiKey, { "last-event-id": later })
          assert.strictEqual(stream.status, 422)
          const { closed, socket } = yield* webSocket(`${url}/v1/live`)
          socket.send(JSON.stringify({ type: "auth", key: apiKey, after: later }))
          yield* until(() => closed() !== undefined)
          assert.deepStrictEqual(closed(), { code: 4422, reason: "invalid_request" })

          assert.strictEqual((yield* call("GET", `/v1/events?after=${before}`)).status, 200)
          const end = yield* next(homing)
          assert.deepStrictEqual((yield* call("GET", `/v1/events?after=${end}`)).body, {
            items: [],
            next: end,
            more: false
          })
        })
      )
    }).pipe(Effect.scoped)
)
