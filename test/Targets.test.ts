import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mostTargets } from "#domain/meta/AppRoutes.ts"
import { scanner } from "./Canaries.ts"
import { eventually, folder, life } from "./Homing.ts"
import { add, gateway, set } from "./RoutesFixture.ts"
import { watchedKeys } from "./WatchedKeys.ts"

describe("a target", () => {
  it.live("is made once, however often it is asked for, and its secret is shown once", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const homing = yield* gateway(path)
      const [url, told] = ["https://quokka.example/in?token=zanzibar", "Quetzalcoatl Bilberry"]
      const make = (wanted: object, key = "k1") =>
        homing.call("POST", "/v1/targets", { name: "eu", url, ...wanted }, { "idempotency-key": key })
      const first = yield* make({})
      const again = yield* make({})
      assert.deepStrictEqual([first.status, again.status, again.body.id], [201, 201, first.body.id])
      assert.strictEqual(first.headers.get("location"), `/v1/targets/${first.body.id}`)
      assert.deepStrictEqual([first.body.secret.slice(0, 6), again.body.secret], ["whsec_", undefined])
      const code = (answer: typeof first) => [answer.status, answer.body.code]
      assert.deepStrictEqual(code(yield* make({ timeoutMs: 500 })), [409, "idempotency_conflict"])
      assert.deepStrictEqual(code(yield* make({}, "k2")), [409, "target_name_taken"])
      assert.deepStrictEqual(code(yield* make({ name: "br", url: "http://127.0.0.1/" }, "k3")), [
        422,
        "address_refused"
      ])
      assert.deepStrictEqual(code(yield* make({ app: "shop" }, "k4")), [404, "app_not_found"])
      for (const wanted of [
        { unit: "raw", region: "eu" },
        { gatewaySecret: "x" },
        { region: "EU" },
        { timeoutMs: 1 },
        { name: "caf\u00e9" },
        { unit: "half" },
        { regoin: "eu" }
      ]) {
        assert.deepStrictEqual(code(yield* make({ name: "br", ...wanted }, "k5")), [422, "invalid_request"])
      }
      const raw = yield* add(homing, "log", { unit: "raw", gatewaySecret: told })
      assert.notInclude(JSON.stringify(raw), told)
      const { inFolder, inText } = scanner({ url, told, secret: first.body.secret.slice(6) })
      assert.deepStrictEqual(inFolder(path).findings, [])
      assert.deepStrictEqual(inText("the log", homing.lines.join("\n")), [])
    })
  )

  it.live("is changed, disabled, and signs with another secret", () =>
    Effect.gen(function* () {
      const homing = yield* gateway(yield* folder)
      const eu = yield* add(homing, "eu", { region: "eu" })
      const raw = yield* add(homing, "log", { unit: "raw", gatewaySecret: "one" })
      const change = ({ id }: typeof eu, changes: object) => homing.call("PATCH", `/v1/targets/${id}`, changes)
      const moved = yield* change(eu, { url: "https://new.example/", region: null, timeoutMs: 900, enabled: false })
      assert.deepInclude(moved.body, { url: "https://new.example/", region: null, timeoutMs: 900, reason: "operator" })
      assert.strictEqual((yield* change(eu, { enabled: true })).body.state, "enabled")
      const inside = yield* change(eu, { url: "http://10.0.0.7/" })
      assert.deepStrictEqual([inside.status, inside.body.code], [422, "address_refused"])
      const flaw = ({ body, status }: typeof moved) => [status, body.errors[0].pointer]
      assert.deepStrictEqual(flaw(yield* change(raw, { region: "eu" })), [422, "/region"])
      assert.deepStrictEqual(flaw(yield* change(eu, { gatewaySecret: "two" })), [422, "/gatewaySecret"])
      assert.strictEqual((yield* change(raw, { gatewaySecret: "two" })).status, 200)
      const rotate = ({ id }: typeof eu, overlapSeconds: number) =>
        homing.call("POST", `/v1/targets/${id}/rotate`, { overlapSeconds })
      assert.deepStrictEqual((yield* rotate(raw, 0)).body.code, "target_signs_nothing")
      const rotated = (yield* rotate(eu, 60)).body
      assert.notStrictEqual(rotated.secret, eu.secret)
      assert.deepStrictEqual(
        rotated.keys.map(({ until }: { readonly until: unknown }) => until === null),
        [true, false]
      )
      assert.lengthOf((yield* rotate(eu, 0)).body.keys, 1)
    })
  )

  it.live("is removed when no route leads there; then its name is free, and its address unreadable", () =>
    Effect.gen(function* () {
      const homing = yield* gateway(yield* folder)
      const eu = yield* add(homing, "eu")
      yield* set(homing, { prefixes: { "49": ["eu"] } })
      const remove = () => homing.call("DELETE", `/v1/targets/${eu.id}`)
      const refused = yield* remove()
      assert.deepStrictEqual([refused.status, refused.body.code], [409, "target_in_use"])
      assert.include(refused.body.detail, "/prefixes/49/0")
      assert.strictEqual((yield* homing.call("GET", `/v1/targets/${eu.id}`)).body.url, eu.url)
      yield* set(homing, {})
      assert.deepStrictEqual([(yield* remove()).status, (yield* remove()).status], [204, 204])
      for (const id of [eu.id, "nonsense"]) {
        assert.strictEqual((yield* homing.call("GET", `/v1/targets/${id}`)).body.code, "target_not_found")
      }
      assert.strictEqual((yield* homing.call("DELETE", "/v1/targets/nonsense")).status, 404)
      assert.notStrictEqual((yield* add(homing, "eu")).id, eu.id)
    })
  )

  it.live("that was removed is unreadable also when nobody lived to destroy its key", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const keys = watchedKeys()
      const first = yield* life
      const homing = yield* first.during(gateway(path, {}, keys.layer))
      const { id } = yield* add(homing, "eu")
      assert.strictEqual((yield* homing.call("DELETE", `/v1/targets/${id}`)).status, 503)
      assert.strictEqual((yield* homing.call("GET", `/v1/targets/${id}`)).status, 404)
      yield* first.end
      keys.comeBack()
      yield* gateway(path, {}, keys.layer)
      yield* keys.gone
    })
  )

  it.live("is not believed from a row that somebody changed", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const first = yield* life
      const homing = yield* first.during(gateway(path))
      yield* add(homing, "eu")
      const kept = yield* set(homing, { others: ["eu"] })
      yield* eventually(
        Effect.sync(() => withViews(path, (views) => views.prepare("SELECT record FROM routes").get()?.record)),
        (record) => String(record).includes('"others":["eu"]')
      )
      yield* first.end
      withViews(path, (views) =>
        views.exec(`UPDATE routes SET record = replace(record, '"others":["eu"]', '"others":[]')`)
      )
      const again = yield* gateway(path)
      assert.deepStrictEqual((yield* again.call("GET", "/v1/routes")).body, kept)
      assert.lengthOf(
        again.lines.filter((line) => line.includes('"problem":"a row was changed, added or taken away"')),
        1
      )
    })
  )

  it.live("is one of so many, however many are added at once", () =>
    Effect.gen(function* () {
      const homing = yield* gateway(yield* folder)
      const made = yield* Effect.forEach(
        Array.from({ length: mostTargets + 8 }, (_, n) => ({ name: `t${n}`, url: "https://t.example/" })),
        (wanted) => homing.call("POST", "/v1/targets", wanted),
        { concurrency: "unbounded" }
      )
      const statuses = made.map(({ status }) => status).toSorted()
      assert.deepStrictEqual(statuses, [...Array(mostTargets).fill(201), ...Array(8).fill(409)])
    })
  )
})

const withViews = <A>(path: string, use: (views: DatabaseSync) => A): A => {
  const views = new DatabaseSync(join(path, "views.db"))
  try {
    return use(views)
  } finally {
    views.close()
  }
}
