import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { eventStoreDouble } from "#infra/event-store/double/testing/DoubleFixture.ts"
import { callerOf, eventually, folder } from "./Homing.ts"
import { homing, keyPattern } from "./Process.ts"

/** Longer than any one answer of it is waited for. */
const silence = "8 seconds"

it.live(
  "a gateway whose store falls silent as it tells its address goes on, and shows its key when the store is back",
  () =>
    Effect.gen(function* () {
      const store = yield* eventStoreDouble
      const env = { DATA_DIR: "data", EVENTSTORE_URL: store.url, PORT: "0", WHATSAPP_URL: "ws://127.0.0.1:9/ws/chat" }
      const gateway = yield* homing(["start"], { cwd: yield* folder, env })
      const [, url] = yield* gateway.says(/Homing\s+(http:\/\/\S+)/)
      yield* store.freeze
      yield* Effect.sleep(silence)
      yield* store.thaw
      const [key] = yield* gateway.says(keyPattern)
      const call = callerOf(url!.replace(/\/$/, ""), key)
      const { body } = yield* eventually(call("GET", "/v1/devices"), ({ body }) => body.items?.length === 1)
      assert.strictEqual(body.items[0].state, "pairing")
    })
)
