import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as Config from "./Config.ts"

const read = (environment: Record<string, string> = {}, file: Record<string, string> = {}) =>
  Config.read(environment, file)

describe("configuration", () => {
  it.effect("works with nothing set", () =>
    Effect.gen(function* () {
      const { config, described } = yield* read()
      assert.deepStrictEqual({ ...config }, {
        host: "127.0.0.1",
        port: 4010,
        apiKey: undefined,
        dataDirectory: "./data",
        eventStoreUrl: undefined,
        natsUrl: undefined,
        natsCaFile: undefined,
        databaseUrl: undefined,
        logLevel: "info",
        phoneCountryCode: undefined,
        agent: "home",
        region: "local",
        corsOrigins: undefined,
        trustProxy: undefined,
        rateLimitMessages: 3_000,
        rateLimitDevices: 600,
        rateLimitSendsPerDevice: 600,
        rateLimitAddress: 6_000,
        rateLimitTotal: 60_000,
        queueLimitPerDevice: 1_000,
        queueLimitTotal: 10_000,
        waitLimit: 5_000,
        connectionLimit: 10_000,
        drainTimeoutMs: 10_000,
        whatsAppUrl: undefined,
        whatsAppVersion: undefined
      } as never)
      assert.sameMembers([...new Set(described.map(({ source }) => source))], ["default"])
    })
  )

  it.effect("takes the environment before the file, and an empty value for none", () =>
    Effect.gen(function* () {
      const { config, described } = yield* read({ PORT: "1", HOST: "" }, { PORT: "2", REGION: "home", HOST: "::1" })
      assert.deepStrictEqual([config.port, config.region, config.host as string], [1, "home", "::1"])
      const sources = Object.fromEntries(described.map(({ source, variable }) => [variable, source]))
      assert.deepInclude(sources, { PORT: "environment", REGION: ".env", HOST: ".env", AGENT_ID: "default" })
    })
  )

  it.effect("names everything that is wrong and what is expected, and no value", () =>
    Effect.gen(function* () {
      const wrong = {
        PORT: "65536",
        API_KEY: "short-secret",
        LOG_LEVEL: "loud",
        PHONE_COUNTRY_CODE: "+60",
        AGENT_ID: "My Mac",
        CORS_ORIGINS: "https://shop.example/",
        TRUST_PROXY: "10.0.0.0/99",
        RATE_LIMIT_MESSAGES: "-5",
        QUEUE_LIMIT_TOTAL: "0",
        WAIT_LIMIT: "0",
        CONNECTION_LIMIT: "1e9x",
        DRAIN_TIMEOUT_MS: "1e3x",
        WHATSAPP_URL: "http://x",
        WHATSAPP_VERSION: "2.3000"
      }
      const error = yield* Effect.flip(read(wrong))
      assert.sameMembers(
        error.problems.map(({ variable }) => variable),
        Object.keys(wrong)
      )
      assert.include(error.message, "API_KEY (environment): expected at least 16 characters")
      for (const value of Object.values(wrong).filter((value) => value.length > 1)) {
        assert.notInclude(JSON.stringify(error) + error.message, `"${value}"`)
        assert.notInclude(error.message, `${value} `)
      }
    })
  )

  it.effect("hides the key wherever it is shown", () =>
    Effect.gen(function* () {
      const loaded = yield* read({ API_KEY: "a very secret key" })
      assert.strictEqual(Redacted.value(loaded.config.apiKey!), "a very secret key")
      assert.notInclude(JSON.stringify(loaded), "a very secret key")
    })
  )

  it.effect("is what .env.example tells, variable by variable", () =>
    Effect.gen(function* () {
      const example = readFileSync(new URL("../.env.example", import.meta.url), "utf8")
      const told = [...example.matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(([, variable, value]) => [variable, value])
      const { described } = yield* read()
      const inForce = described.map(({ value, variable }) => [variable, value === "(not set)" ? "" : value])
      assert.sameDeepMembers(told, inForce)
    })
  )
})
