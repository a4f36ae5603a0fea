import { cpSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { CommandBus } from "#domain/ports/CommandBus.ts"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { longLog } from "../bench/LongLog.ts"
import { eventually, folder, gatewayOptions, start } from "./Homing.ts"
import { started } from "./Process.ts"

/** Enough that holding all of them does not fit into the heap of a small installation. */
const messages = 6_000
const open = 20
/** From its source it takes more than the bundle does, whose flags docs/operations.md has. */
const smallHeap = "--max-semi-space-size=2 --max-old-space-size=80"

describe("a start after the views were deleted", () => {
  it.live("fits into a small machine, is ready before all is read, and issues only what nobody has answered", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const data = join(path, "data")
      yield* longLog(data, messages, open)
      cpSync(data, join(path, "copy"), { recursive: true })

      const env = {
        DATA_DIR: data,
        API_KEY: "a-key-for-tests-only",
        LOG_LEVEL: "error",
        NODE_OPTIONS: smallHeap,
        WHATSAPP_URL: "ws://127.0.0.1:9/nobody"
      }
      const { call, process } = yield* started({ cwd: path, env }, "a-key-for-tests-only")
      const ready = yield* eventually(call("GET", "/health/ready"), ({ status }) => status === 200)
      assert.strictEqual(ready.status, 200)
      const list = yield* eventually(call("GET", "/v1/messages?limit=1"), ({ status }) => status === 200)
      assert.lengthOf(list.body.items, 1)
      const { text } = (yield* call("GET", "/metrics")).body
      assert.match(text, new RegExp(`^homing_messages_open ${open}$`, "m"))
      assert.strictEqual((yield* process.end("SIGTERM")).code, 0)

      let sends = 0
      const counted = Layer.effect(
        CommandBus,
        Effect.map(CommandBus, (bus) =>
          CommandBus.of({
            ...bus,
            publish: (lane, envelopes) => {
              const bytes = envelopes.map(({ bytes }) => new TextDecoder().decode(bytes))
              sends += bytes.filter((text) => text.includes('"kind":"send"')).length
              return bus.publish(lane, envelopes)
            }
          })
        )
      )
      const whatsapp = Instant.make({ keep: messages })
      const options = { ...gatewayOptions, reconciler: { ...gatewayOptions.reconciler, everyMillis: 60_000 } }
      const copy = yield* start(join(path, "copy"), whatsapp.layer, { options, ports: counted })
      yield* eventually(
        Effect.sync(() => whatsapp.sent.length),
        (sent) => sent === open
      )
      const written = yield* eventually(copy.call("GET", "/v1/messages?limit=1"), ({ status }) => status === 200)
      assert.strictEqual(written.status, 200)
      yield* Effect.sleep("300 millis")
      assert.strictEqual(whatsapp.sent.length, open)
      assert.isAtMost(sends, 2 * open) // the reconciler's are the second
    })
  )
})
