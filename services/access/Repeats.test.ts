import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { ask, gateway, isProblem } from "../testing/GatewayFixture.ts"

const made = (path: string, body: object, key: string) =>
  ask("POST", path, { body, headers: { "idempotency-key": key } })

layer(gateway(), { excludeTestServices: true })("a request for a key that is repeated", (it) => {
  it.effect("makes one client with one key, whose secret is told once", () =>
    Effect.gen(function* () {
      const asked = { name: "shop", scopes: ["messages:send"] }
      const first = yield* made("/v1/clients", asked, "shop")
      assert.deepStrictEqual([first.status, first.headers.get("idempotency-key")], [201, "shop"])
      const again = yield* made("/v1/clients", asked, "shop")
      const { secret, ...key } = first.json.key
      assert.match(secret, /^hk_/)
      assert.deepStrictEqual([again.status, again.json], [201, { ...first.json, key }])
      isProblem(yield* made("/v1/clients", { ...asked, scopes: ["messages:read"] }, "shop"), "idempotency_conflict")
      const several = { name: "shop", scopes: ["messages:send", "messages:read"] }
      const many = yield* made("/v1/clients", { ...several, scopes: [...several.scopes, "messages:read"] }, "set")
      assert.deepStrictEqual(many.json.key.scopes, several.scopes)
      const other = yield* made("/v1/clients", { ...several, scopes: several.scopes.toReversed() }, "set")
      assert.deepStrictEqual([other.status, other.json.id, other.json.key.scopes], [201, many.json.id, several.scopes])
      const both = yield* Effect.all([made("/v1/clients", asked, "two"), made("/v1/clients", asked, "two")], {
        concurrency: "unbounded"
      })
      assert.strictEqual(both[0].json.id, both[1].json.id)
      assert.strictEqual(both.filter(({ json }) => json.key.secret !== undefined).length, 1)
      const { json } = yield* ask("GET", `/v1/clients/${both[0].json.id}`)
      assert.lengthOf(json.keys, 1)
    })
  )

  it.effect("issues and rotates one, and the name of one request names no other", () =>
    Effect.gen(function* () {
      const { json: client } = yield* made("/v1/clients", { name: "shop", scopes: ["messages:send"] }, "key")
      const keys = `/v1/clients/${client.id}/keys`
      const issue = made(keys, { scopes: ["messages:send"] }, "key")
      const [first, again] = [yield* issue, yield* issue]
      assert.notStrictEqual(first.json.id, client.key.id)
      assert.deepStrictEqual([again.json.id, again.json.secret], [first.json.id, undefined])
      const rotate = made(`${keys}/${first.json.id}/rotate`, { overlapSeconds: 60 }, "key")
      const [rotated, repeated] = [yield* rotate, yield* rotate]
      const { secret, ...key } = rotated.json.key
      assert.match(secret, /^hk_/)
      assert.deepStrictEqual(repeated.json, { ...rotated.json, key })
      isProblem(yield* made(keys, { scopes: ["messages:read"] }, "key"), "idempotency_conflict")
      const twice = yield* made(keys, { scopes: ["messages:send", "messages:send"] }, "key")
      assert.deepStrictEqual([twice.json.id, twice.json.scopes], [first.json.id, ["messages:send"]])
    })
  )
})
