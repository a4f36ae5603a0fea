import { assert, describe, it } from "@effect/vitest"
import { ApiKeyId, ClientId } from "../Ids.ts"
import { fromMillis } from "../Instant.ts"
import { specification } from "../testing/Specification.ts"
import { Login, type LoginCommand, type LoginEvent, LoginRejected } from "./Login.ts"

const { given } = specification(Login)
const at = (seconds: number) => fromMillis(seconds * 1_000)
const client = ClientId.make("11111111-1111-7111-8111-111111111111")
const key = ApiKeyId.make("key1")
const granted = (digest: string, seconds: number) => ({ client, key, digest, expiresAt: at(seconds) })
const rejected = (reason: LoginRejected["reason"]) => new LoginRejected({ reason })

const offered: LoginEvent = { type: "access.link_offered", data: granted("of a link", 600) }
const loggedIn = (by: "key" | "link"): LoginEvent => ({
  type: "access.logged_in",
  data: { ...granted("of a cookie", 9_000), by }
})
const over: LoginEvent = { type: "access.logged_out", data: { client, key, reason: "asked" } }
const offer: LoginCommand = { _tag: "Offer", ...granted("of a link", 600) }
const logIn = (by: "key" | "link", seconds = 10): LoginCommand => ({
  _tag: "LogIn",
  at: at(seconds),
  ...granted("of a cookie", 9_000),
  by
})
const use: LoginCommand = { _tag: "Use", at: at(20) }
const logOut: LoginCommand = { _tag: "LogOut", reason: "asked" }

describe("Login", () => {
  it("begins by a key, once", () => {
    assert.deepStrictEqual(given().when(logIn("key")), [loggedIn("key")])
    for (const before of [[offered], [loggedIn("key")], [loggedIn("key"), over]]) {
      assert.deepStrictEqual(given(...before).when(logIn("key")), rejected("exists"))
    }
  })

  it("begins by a link that was offered, in time, and once", () => {
    assert.deepStrictEqual(given().when(offer), [offered])
    assert.deepStrictEqual(given(offered).when(offer), rejected("exists"))
    assert.deepStrictEqual(given(offered).when(logIn("link", 599)), [loggedIn("link")])
    assert.deepStrictEqual(given(offered).when(logIn("link", 600)), rejected("link_over"))
    for (const before of [[], [offered, loggedIn("link")], [offered, loggedIn("link"), over]]) {
      assert.deepStrictEqual(given(...before).when(logIn("link")), rejected("link_over"))
    }
  })

  it("is used while it is open", () => {
    assert.deepStrictEqual(given(loggedIn("key")).when(use), [{ type: "access.login_used", data: { at: at(20) } }])
    for (const before of [[], [offered], [loggedIn("key"), over]]) {
      assert.deepStrictEqual(given(...before).when(use), [])
    }
  })

  it("ends for good", () => {
    assert.deepStrictEqual(given(loggedIn("key")).when(logOut), [over])
    assert.deepStrictEqual(given(loggedIn("key"), over).when(logOut), [])
    for (const before of [[], [offered]]) assert.deepStrictEqual(given(...before).when(logOut), rejected("not_open"))
  })
})
