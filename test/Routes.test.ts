import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { scanner } from "./Canaries.ts"
import { callerOf, folder, life } from "./Homing.ts"
import { changed } from "./MetaFixture.ts"
import { add, explained, gateway, said, set } from "./RoutesFixture.ts"

const [brazilian, german, american] = ["5511987654321", "4915112345678", "18765551234"] as const

describe("routes", () => {
  it.live("lead what Meta tells to targets as they say, also after a restart", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const first = yield* life
      const homing = yield* first.during(gateway(path))
      const eu = yield* add(homing, "eu", { region: "eu" })
      assert.deepInclude(eu, { app: "default", unit: "change", region: "eu", state: "enabled", timeoutMs: 15_000 })
      assert.match(eu.secret, /^whsec_/)
      yield* add(homing, "br", { region: "br" })
      const log = yield* add(homing, "log", { unit: "raw", gatewaySecret: "told to the log", timeoutMs: 500 })
      assert.deepStrictEqual([log.secret, log.keys, log.timeoutMs], [undefined, [], 500])
      const routes = {
        fields: { account_update: ["log"] },
        prefixes: { "49": ["eu"], "55": ["br"], "1": ["br"], "1876": ["eu"] },
        countries: { DE: ["eu"] },
        others: ["log"]
      }
      const kept = yield* set(homing, routes)
      const { version, ...others } = kept
      assert.deepStrictEqual(others, { app: "default", mode: "durable", accounts: {}, ...routes })
      const late = yield* homing.call("PUT", "/v1/routes", { version: null, others: [] })
      assert.deepStrictEqual([late.status, late.body.code], [409, "routes_changed"])
      assert.deepStrictEqual(yield* set(homing, { version, ...routes }), kept)

      const look = Effect.fnUntraced(function* (of: typeof homing) {
        assert.deepStrictEqual((yield* of.call("GET", "/v1/routes")).body, kept)
        assert.deepStrictEqual(yield* explained(of, said(brazilian, german, american, "999")), {
          mode: "durable",
          changes: [
            ["prefix", "55", "br"],
            ["prefix", "49", "eu"],
            ["prefix", "1876", "eu"],
            ["default", "", "log"]
          ],
          whole: ["log"]
        })
        assert.deepStrictEqual(yield* explained(of, said(german)), {
          mode: "durable",
          changes: [["prefix", "49", "eu"]],
          whole: []
        })
        assert.deepStrictEqual(yield* explained(of, changed({ event: "VERIFIED" }, "account_update")), {
          mode: "durable",
          changes: [["field", "account_update", "log"]],
          whole: ["log"]
        })
        const { body } = yield* of.call("GET", "/v1/targets")
        assert.deepStrictEqual(
          body.items.map(({ name, secret, url }: typeof eu) => [name, url, secret]),
          ["eu", "br", "log"].map((name) => [name, `https://${name}.example/in`, undefined])
        )
      })
      yield* look(homing)
      yield* first.end
      yield* look(yield* gateway(path))
    })
  )

  it.live("are refused where they lead to nobody, or tell somebody of others; and say where", () =>
    Effect.gen(function* () {
      const homing = yield* gateway(yield* folder)
      yield* add(homing, "eu")
      yield* add(homing, "log", { unit: "raw" })
      const flaw = (routes: object | string) =>
        Effect.map(homing.call("PUT", "/v1/routes", routes), ({ body, status }) => [
          status,
          body.code,
          body.errors[0].pointer
        ])
      const invalid = (pointer: string) => [422, "invalid_request", pointer]
      assert.deepStrictEqual(yield* flaw({ others: ["eu", "us"] }), invalid("/others/1"))
      assert.deepStrictEqual(yield* flaw({ prefixes: { "49": ["log"] } }), invalid("/prefixes/49/0"))
      assert.deepStrictEqual(yield* flaw({ countries: { DE: ["eu", "log"] } }), invalid("/countries/DE/1"))
      assert.deepStrictEqual(yield* flaw({ accounts: { "7": ["log"] } }), invalid("/accounts/7/0"))
      assert.deepStrictEqual(yield* flaw({ prefixes: { "+49": ["eu"] } }), invalid("/prefixes"))
      assert.deepStrictEqual(yield* flaw({ prefixes: { "49": [] } }), invalid("/prefixes/49"))
      assert.deepStrictEqual(yield* flaw({ prefix: {} }), invalid(""))
      assert.deepStrictEqual(yield* flaw('{ "fields": { "__proto__": ["eu"] } }'), invalid("/fields"))
      assert.deepStrictEqual((yield* homing.call("GET", "/v1/routes")).body.prefixes, {})
      for (const [method, path, body] of [
        ["GET", "/v1/routes?app=shop", undefined],
        ["PUT", "/v1/routes?app=shop", {}],
        ["GET", "/v1/targets?app=shop", undefined],
        ["POST", "/v1/routes/explain?app=constructor", said()]
      ] as const) {
        const answer = yield* homing.call(method, path, body)
        assert.deepStrictEqual([answer.status, answer.body.code], [404, "app_not_found"])
      }
    })
  )

  it.live("are explained for whatever is posted, and nothing of it is kept or told", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const homing = yield* gateway(path)
      yield* add(homing, "eu")
      yield* set(homing, { others: ["eu"] })
      const { inFolder, inText } = scanner({ said: "the zanzibar quokka", number: german })
      yield* explained(homing, said(german))
      assert.deepStrictEqual(inFolder(path).findings, [])
      assert.deepStrictEqual(inText("the log", homing.lines.join("\n")), [])
      const many = yield* explained(homing, said(...Array.from({ length: 1_000 }, (_, i) => `49151${10_000 + i}`)))
      assert.lengthOf(many.changes, 1_000)
      const nothing = { mode: "durable", changes: [["default", "", "eu"]], whole: [] }
      assert.deepStrictEqual(yield* explained(homing, {}), nothing)
      assert.deepStrictEqual(yield* explained(homing, { entry: "nonsense" }), nothing)
      const answer = (body: string) =>
        Effect.map(homing.call("POST", "/v1/routes/explain", body), ({ body, status }) => [status, body.code])
      assert.deepStrictEqual(yield* answer("[]"), [400, "bad_request"])
      assert.deepStrictEqual(yield* answer("{"), [400, "bad_request"])
      assert.deepStrictEqual(yield* answer(`{"a":${"[".repeat(100)}${"]".repeat(100)}}`), [400, "bad_request"])
      assert.deepStrictEqual(yield* answer(`{"a":"${"x".repeat(600_000)}"}`), [413, "payload_too_large"])
    })
  )

  it.live("are read, and set, by whoever may", () =>
    Effect.gen(function* () {
      const homing = yield* gateway(yield* folder)
      const eu = yield* add(homing, "eu")
      const caller = Effect.fnUntraced(function* (...scopes: ReadonlyArray<string>) {
        const { body } = yield* homing.call("POST", "/v1/clients", { name: "somebody", scopes })
        return { call: callerOf(homing.url, body.key.secret) }
      })
      const reader = yield* caller("routes:read")
      const { body: seen } = yield* reader.call("GET", `/v1/targets/${eu.id}`)
      assert.deepStrictEqual([seen.name, "url" in seen], ["eu", false])
      assert.lengthOf((yield* explained(reader, said(german))).changes, 1)
      const manager = yield* caller("routes:manage")
      assert.strictEqual((yield* manager.call("GET", `/v1/targets/${eu.id}`)).body.url, eu.url)
      const stranger = yield* caller("messages:read:all", "webhooks:manage")
      const both = yield* caller("routes:manage", "messages:read:all")
      const asked = [
        ["GET", "/v1/routes", undefined],
        ["PUT", "/v1/routes", { others: ["eu"] }],
        ["POST", "/v1/targets", { name: "us", url: "https://us.example/" }],
        ["PATCH", `/v1/targets/${eu.id}`, { url: "https://elsewhere.example/" }],
        ["POST", `/v1/targets/${eu.id}/rotate`, {}],
        ["PATCH", `/v1/targets/${eu.id}`, { enabled: false }]
      ] as const
      const statuses = ({ call }: typeof reader) =>
        Effect.forEach(asked, ([method, path, body]) => Effect.map(call(method, path, body), ({ status }) => status))
      assert.deepStrictEqual(yield* statuses(stranger), [403, 403, 403, 403, 403, 403])
      assert.deepStrictEqual(yield* statuses(reader), [200, 403, 403, 403, 403, 403])
      assert.deepStrictEqual(yield* statuses(manager), [200, 403, 403, 403, 403, 200])
      assert.deepStrictEqual(yield* statuses(both), [200, 200, 201, 200, 200, 200])
    })
  )
})
