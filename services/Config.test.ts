import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { AgentId } from "#domain/Ids.ts"
import * as Config from "./Config.ts"
import { parse } from "./EnvFile.ts"
import { roleOf } from "./layers/Role.ts"
import { nowhere } from "./layers/Settings.ts"

const read = (environment: Record<string, string> = {}, file: Record<string, string> = {}) =>
  Config.read(environment, file)

describe("configuration", () => {
  it.effect("works with nothing set", () =>
    Effect.gen(function* () {
      const { config, described } = yield* read()
      assert.deepStrictEqual(config, {
        door: { host: "127.0.0.1", port: 4010, connectionLimit: 10_000, drainTimeoutMs: 10_000 },
        access: { apiKey: undefined, sessionHours: 12, sessionIdleMinutes: 60, sessionsPerClient: 20, logsReads: true },
        dashboard: { isOn: true },
        process: { role: undefined, dataDirectory: "./data", agent: AgentId.make("home"), firstDevice: undefined },
        addresses: nowhere,
        announcements: { personal: "sealed", sealingKeys: undefined },
        log: { level: "info" },
        traces: { endpoint: undefined, headers: undefined, service: undefined, share: 1 },
        provenance: { region: "local" },
        http: { phoneCountryCode: undefined, corsOrigins: undefined, trustProxy: undefined },
        rateLimits: { messages: 3_000, devices: 600, device: 600, address: 6_000, total: 60_000 },
        messages: { perDevice: 1_000, total: 10_000, waits: 5_000 },
        inbound: { marksAsRead: false },
        webhooks: { url: undefined, secret: undefined, signature: "prefixed", timeoutMillis: 5_000 },
        live: {
          authTimeoutSeconds: 5,
          allowedOrigins: undefined,
          connections: 5_000,
          strangers: 500,
          strangersPerAddress: 50,
          connectionsPerKey: 1_000
        },
        meta: {
          verifyToken: undefined,
          appSecret: undefined,
          previousAppSecret: undefined,
          apps: undefined,
          sessions: undefined,
          mode: undefined,
          rawDays: 14,
          proxyId: undefined,
          certificateHeader: undefined,
          healthToken: undefined,
          destinationUrl: undefined,
          destinationName: undefined,
          sharedSecret: undefined,
          routeMap: undefined,
          forwardTimeoutMs: 3_000
        },
        archive: { masks: undefined },
        whatsApp: { webSocketUrl: undefined, version: undefined, history: "recent", presence: false, typingMillis: 0 }
      })
      assert.sameMembers([...new Set(described.map(({ source }) => source))], ["default"])
    })
  )

  it.effect("takes what whoever comes from wa-gateway-go has in its file", () =>
    Effect.gen(function* () {
      const file = {
        PORT: "4010",
        HOST: "0.0.0.0",
        API_KEY: "a key of some length",
        LOG_LEVEL: "info",
        CORS_ORIGINS: "*",
        PHONE_COUNTRY_CODE: "60",
        PHONE_MIN_LENGTH: "11",
        PHONE_MAX_LENGTH: "12",
        DATA_DIR: "./data",
        TYPING_DELAY_MS: "1000",
        AUTO_READ_RECEIPT: "true",
        WEBHOOK_URL: "https://shop.example/hook",
        WEBHOOK_SECRET: "hush",
        WEBHOOK_TIMEOUT_MS: "5000",
        RATE_LIMIT_DEVICES: "10",
        RATE_LIMIT_MESSAGES: "30",
        RATE_LIMIT_VALIDATE: "60",
        CACHE_TTL_SECONDS: "3600",
        WS_ALLOWED_ORIGINS: "*",
        WS_AUTH_TIMEOUT: "5"
      }
      assert.isTrue((yield* read({}, file)).config.inbound.marksAsRead)
      assert.isFalse((yield* read({}, { ...file, AUTO_READ_RECEIPT: "false" })).config.inbound.marksAsRead)
    })
  )

  it.effect("takes the environment before the file, and an empty value for none", () =>
    Effect.gen(function* () {
      const { config, described } = yield* read({ PORT: "1", HOST: "" }, { PORT: "2", REGION: "home", HOST: "::1" })
      assert.deepStrictEqual([config.door.port, config.provenance.region, config.door.host], [1, "home", "::1"])
      const sources = Object.fromEntries(described.map(({ source, variable }) => [variable, source]))
      assert.deepInclude(sources, { PORT: "environment", REGION: ".env", HOST: ".env", AGENT_ID: "default" })
    })
  )

  it.effect("names everything that is wrong and what is expected, and no value", () =>
    Effect.gen(function* () {
      const wrong = {
        PORT: "65536",
        ROLE: "agent",
        API_KEY: "short-secret",
        LOG_LEVEL: "loud",
        PHONE_COUNTRY_CODE: "+60",
        AGENT_ID: "My Mac",
        CORS_ORIGINS: "https://shop.example/",
        TRUST_PROXY: "10.0.0.0/99",
        OUTBOUND_ALLOW: "10.0.0.0/99",
        RATE_LIMIT_MESSAGES: "-5",
        QUEUE_LIMIT_TOTAL: "0",
        WAIT_LIMIT: "0",
        WEBHOOK_TIMEOUT_MS: "15001",
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

  it.effect("takes no calling code that no country has", () =>
    Effect.gen(function* () {
      for (const code of ["999", "800", "0", "49 ", "1234"]) {
        const error = yield* Effect.flip(read({ PHONE_COUNTRY_CODE: code }))
        assert.match(error.message, /^PHONE_COUNTRY_CODE \(environment\): expected the calling code of a country/)
      }
      for (const code of ["1", "7", "49", "60", "383", "599"]) yield* read({ PHONE_COUNTRY_CODE: code })
    })
  )

  it.effect("takes no value of the file in part, and one of the environment in its place", () =>
    Effect.gen(function* () {
      const torn = new Set(["API_KEY"])
      const whole = parse("")
      const API_KEY = "a key of some length"
      const error = yield* Effect.flip(Config.read({}, { API_KEY }, { ...whole, torn }))
      assert.match(error.message, /^API_KEY \(\.env\): expected .*quotes/)
      assert.notInclude(error.message, API_KEY)
      yield* Config.read({ API_KEY }, { API_KEY }, { ...whole, torn })
      const passedOver = yield* Effect.flip(Config.read({ API_KEY }, {}, { ...whole, strange: [3, 7] }))
      assert.strictEqual(
        passedOver.message,
        "line 3 (.env): expected NAME=value, or a comment after #\nline 7 (.env): expected NAME=value, or a comment after #"
      )
    })
  )

  it.effect("tells what is nearly a setting, by name alone", () =>
    Effect.gen(function* () {
      const { misspelt } = yield* read({ PROT: "1", PATH: "/bin", REGOIN: "" }, { APIKEY: "a key of some length" })
      assert.deepStrictEqual(misspelt, [
        { variable: "PROT", source: "environment", meant: "PORT" },
        { variable: "APIKEY", source: ".env", meant: "API_KEY" }
      ])
    })
  )

  it.effect("hides the key wherever it is shown", () =>
    Effect.gen(function* () {
      const loaded = yield* read({ API_KEY: "a very secret key" })
      assert.strictEqual(Redacted.value(loaded.config.access.apiKey!), "a very secret key")
      assert.notInclude(JSON.stringify(loaded), "a very secret key")
    })
  )

  it.effect("has a role that follows from the addresses, unless it is set", () =>
    Effect.gen(function* () {
      const NATS_URL = "nats://localhost:4222"
      const roleIn = (environment: Record<string, string>) =>
        Effect.map(read(environment), ({ config }) => roleOf({ ...config.process, ...config.addresses }))
      assert.strictEqual(yield* roleIn({}), "embedded")
      assert.strictEqual(yield* roleIn({ NATS_URL }), "gateway")
      assert.strictEqual(yield* roleIn({ ROLE: "embedded" }), "embedded")
      assert.strictEqual(yield* roleIn({ ROLE: "gateway", NATS_URL }), "gateway")
    })
  )

  it.effect("names a role that contradicts the addresses, and what would have to be otherwise", () =>
    Effect.gen(function* () {
      const gateway = yield* Effect.flip(read({ ROLE: "gateway" }))
      assert.match(gateway.message, /^ROLE \(environment\): expected NATS_URL beside gateway/)
      const embedded = yield* Effect.flip(read({ NATS_URL: "nats://localhost:4222" }, { ROLE: "embedded" }))
      assert.match(embedded.message, /^ROLE \(\.env\): expected no NATS_URL beside embedded/)
    })
  )

  it("declares no variable twice", () => {
    const variables = Config.declared.map(({ variable }) => variable)
    assert.deepStrictEqual(variables, [...new Set(variables)])
  })
})
