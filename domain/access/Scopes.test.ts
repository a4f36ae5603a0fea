import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { FirstScope, former, includes, inOrder, renewed, Scope, scopes } from "./Scopes.ts"

describe("the scopes of a key", () => {
  it("include others: admin all of them, everybody's messages one's own", () => {
    const allowed = (...held: ReadonlyArray<Scope>) => scopes.filter((scope) => includes(new Set(held), scope))
    assert.deepStrictEqual(allowed("admin"), [...scopes])
    assert.deepStrictEqual(allowed("messages:read:all"), ["messages:read", "messages:read:all"])
    assert.deepStrictEqual(allowed("devices:manage"), ["devices:read", "devices:manage"])
    for (const one of ["messages:send", "messages:read", "devices:read", "metrics:read"] as const) {
      assert.deepStrictEqual(allowed(one), [one])
    }
  })

  it("of the first version show all that these keys could do", () => {
    assert.deepStrictEqual(renewed(["messages:read", "messages:send"]), [
      "messages:send",
      "messages:read",
      "messages:read:all",
      "metrics:read"
    ])
    assert.deepStrictEqual(renewed(["messages:send"]), ["messages:send", "metrics:read"])
    assert.deepStrictEqual(renewed([]), ["metrics:read"])
    assert.deepStrictEqual(renewed(["admin"]), ["admin"])
  })

  it("are not said in the first version when it would allow more, or when a newer release knows them", () => {
    assert.isUndefined(former(["messages:read"]))
    assert.isUndefined(former(["messages:send"]))
    assert.isUndefined(former(["messages:read", "messages:read:all"]))
    assert.isUndefined(former(["messages:send", "metrics:read", "webhooks:manage"]))
    assert.deepStrictEqual(former(["admin"]), ["admin"])
  })

  it.prop("of the first version go up and come down as they were", [Schema.Array(FirstScope)], ([before]) => {
    assert.deepStrictEqual(former(renewed(before)), inOrder(before) as ReadonlyArray<typeof FirstScope.Type>)
  })

  it.prop("that come down go up as they were", [Schema.Array(Scope)], ([some]) => {
    const now = inOrder(some)
    const before = former(now)
    if (before !== undefined) assert.deepStrictEqual(renewed(before), now)
  })
})
