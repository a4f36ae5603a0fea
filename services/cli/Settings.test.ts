import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { read } from "../Config.ts"
import { gatewayOptions } from "./Settings.ts"

it.effect("the front door is told where it listens and what it lets in, and none of the secrets", () =>
  Effect.gen(function* () {
    const secrets = {
      API_KEY: "a key of some length",
      EVENTSTORE_URL: "esdb://admin:secret@localhost:2113",
      NATS_URL: "nats://localhost:4222",
      DATABASE_URL: "postgres://user:secret@localhost/homing"
    }
    const { config } = yield* read({ ...secrets, PHONE_COUNTRY_CODE: "60", TRUST_PROXY: "1" }, {})
    const { http } = gatewayOptions(config)
    assert.hasAllKeys(http, [
      "connectionLimit",
      "corsOrigins",
      "drainTimeoutMs",
      "host",
      "phoneCountryCode",
      "port",
      "rateLimits",
      "trustProxy"
    ])
    assert.deepInclude(http, { host: "127.0.0.1", port: 4010, phoneCountryCode: "60", connectionLimit: 10_000 })
  })
)
