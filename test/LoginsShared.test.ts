import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { callerOf } from "./Homing.ts"
import { SharedGateways } from "./SharedGateways.ts"
import { describeWith } from "./servers/Installed.ts"

const page = { authorization: "", "sec-fetch-site": "same-origin", "x-homing-request": "dashboard" }

describeWith("PostgreSQL", "a session of one of several gateways", () => {
  it.layer(SharedGateways.layer, { excludeTestServices: true })("", (it) => {
    it.effect("is good at the other at once, and ends on both; a link of one logs in once at either", () =>
      Effect.gen(function* () {
        const { gateway } = yield* SharedGateways
        const [one, other] = yield* Effect.all([gateway(), gateway()], { concurrency: "unbounded" })
        const { body } = yield* one.call("POST", "/v1/clients", { name: "shop", scopes: ["messages:read"] })
        const keyed = callerOf(one.url, body.key.secret)
        const at = (url: string, cookie: string) => (method: string, path: string) =>
          Effect.map(callerOf(url, "")(method, path, undefined, { ...page, cookie }), ({ status }) => status)
        for (let i = 0; i < 5; i++) {
          const { headers, status } = yield* callerOf(one.url, "")("POST", "/v1/session", { key: body.key.secret })
          assert.strictEqual(status, 201)
          const cookie = headers.get("set-cookie")!.split(";", 1)[0]!
          assert.strictEqual(yield* at(other.url, cookie)("GET", "/v1/messages"), 200)
          assert.strictEqual(yield* at(other.url, cookie)("DELETE", "/v1/session"), 204)
          assert.strictEqual(yield* at(other.url, cookie)("GET", "/v1/messages"), 401)
        }
        const { body: offered } = yield* keyed("POST", "/v1/session/links")
        const redeemed = yield* Effect.forEach(
          [one, other, one, other],
          ({ url }) => callerOf(url, "")("POST", "/v1/session", { link: offered.link }),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(redeemed.map(({ status }) => status).toSorted(), [201, 401, 401, 401])
      }).pipe(Effect.scoped)
    )
  })
})
