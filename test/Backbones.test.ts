import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { text } from "./Homing.ts"
import { scan } from "./Process.ts"
import * as Split from "./Split.ts"

const minutes = 60_000

describe("gateway and agent apart, over EventStoreDB's stand-in, NATS and PostgreSQL", () => {
  it.live(
    "a message is sent and proven",
    () =>
      Effect.gen(function* () {
        const bones = yield* Split.backbones
        const { device, gateway } = yield* Split.connected(bones)
        yield* scan(gateway, bones.whatsapp, device, "15550100001")
        const sent = yield* gateway.call("POST", "/v1/messages", text(device, "one"), { "idempotency-key": "one" })
        assert.deepStrictEqual([sent.status, sent.body.status], [201, "sent"])
      }),
    2 * minutes
  )
})
