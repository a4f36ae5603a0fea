import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { fold } from "../Decider.ts"
import { ApiKeyId, DeviceId, SubjectId } from "../Ids.ts"
import { fromMillis } from "../Instant.ts"
import { specification } from "../testing/Specification.ts"
import { Client, type ClientCommand, type ClientEvent, ClientRejected, type KeyIssued } from "./Client.ts"

const { given } = specification(Client)
const name = { subject: SubjectId.make("A".repeat(43)), key: "1", iv: "aaaa", box: "bbbb" }
const first = ApiKeyId.make("key1")
const second = ApiKeyId.make("key2")
const third = ApiKeyId.make("key3")
const details = (key: ApiKeyId): KeyIssued => ({ key, digest: `digest of ${key}`, scopes: ["messages:send"] })

const created: ClientEvent = { type: "client.created", data: { name } }
const issued = (key: ApiKeyId): ClientEvent => ({ type: "client.key_issued", data: details(key) })
const revoked = (key: ApiKeyId): ClientEvent => ({ type: "client.key_revoked", data: { key } })
const create: ClientCommand = { _tag: "Create", name }
const issue = (key: ApiKeyId): ClientCommand => ({ _tag: "IssueKey", issued: details(key) })
const revoke = (key: ApiKeyId): ClientCommand => ({ _tag: "RevokeKey", key })
const at = (seconds: number) => fromMillis(seconds * 1_000)
const rotate = (key: ApiKeyId, by: ApiKeyId, until: number, now = 10): ClientCommand => ({
  _tag: "RotateKey",
  key,
  replacement: { key: by, digest: `digest of ${by}` },
  until: at(until),
  at: at(now)
})
const expirySet = (key: ApiKeyId, seconds: number, replacedBy?: ApiKeyId): ClientEvent => ({
  type: "client.key_expiry_set",
  data: { key, expiresAt: at(seconds), ...(replacedBy !== undefined && { replacedBy }) }
})
const rejected = (reason: ClientRejected["reason"]) => new ClientRejected({ reason })

const AnyCommand = Schema.Struct({
  tag: Schema.Literals(["Create", "IssueKey", "RotateKey", "RevokeKey"]),
  key: Schema.Literals([first, second]),
  by: Schema.Literals([first, second, third]),
  until: Schema.Literals([5, 15, 25])
})
const command = ({ by, key, tag, until }: typeof AnyCommand.Type): ClientCommand => {
  if (tag === "Create") return create
  if (tag === "IssueKey") return issue(key)
  return tag === "RotateKey" ? rotate(key, by, until) : revoke(key)
}

describe("Client", () => {
  it("is created once", () => {
    assert.deepStrictEqual(given().when(create), [created])
    assert.deepStrictEqual(given(created).when(create), rejected("exists"))
  })

  it("may use all devices, or those of a list, which is set once, whatever its order", () => {
    const [one, other] = [1, 2].map((n) => DeviceId.make(`0196f3c0-0000-7000-8000-00000000000${n}`))
    const set = (devices?: ReadonlyArray<DeviceId>): ClientCommand => ({ _tag: "SetDevices", devices })
    const was = (...devices: ReadonlyArray<DeviceId>): ClientEvent => ({
      type: "client.devices_set",
      data: { devices }
    })
    const all: ClientEvent = { type: "client.devices_set", data: {} }
    assert.deepStrictEqual(given().when({ ...create, devices: [one!, other!] }), [created, was(one!, other!)])
    assert.deepStrictEqual(given().when(set([])), rejected("not_created"))
    assert.deepStrictEqual(given(created).when(set()), [])
    assert.deepStrictEqual(given(created).when(set([])), [was()])
    const listed = given(created, was(one!, other!), issued(first))
    assert.deepStrictEqual(listed.when(set([other!, one!, other!])), [])
    assert.deepStrictEqual(listed.when(set([other!])), [was(other!)])
    assert.deepStrictEqual(listed.when(set()), [all])
    assert.deepStrictEqual(given(created, was(one!), all).when(set()), [])
    assert.deepStrictEqual(given(created, was(), issued(first)).when(set([])), [])
  })

  it("holds several keys at a time, each issued once", () => {
    assert.deepStrictEqual(given().when(issue(first)), rejected("not_created"))
    assert.deepStrictEqual(given(created).when(issue(first)), [issued(first)])
    assert.deepStrictEqual(given(created, issued(first)).when(issue(second)), [issued(second)])
    assert.deepStrictEqual(given(created, issued(first)).when(issue(first)), [])
  })

  it("revokes a key for good", () => {
    assert.deepStrictEqual(given().when(revoke(first)), rejected("not_created"))
    assert.deepStrictEqual(given(created, issued(first)).when(revoke(second)), rejected("no_such_key"))
    assert.deepStrictEqual(given(created, issued(first), issued(second)).when(revoke(first)), [revoked(first)])
    assert.deepStrictEqual(given(created, issued(first), revoked(first)).when(revoke(first)), [])
    assert.deepStrictEqual(given(created, issued(first), revoked(first)).when(issue(first)), [])
  })

  it("issues a key that expires by itself", () => {
    assert.deepStrictEqual(given(created).when({ ...issue(first), expiresAt: at(99) } as ClientCommand), [
      issued(first),
      expirySet(first, 99)
    ])
  })

  it("puts a key with the same scopes in the place of one, which stays good for a while", () => {
    const before = [created, issued(first)]
    assert.deepStrictEqual(given(...before).when(rotate(first, second, 20)), [
      issued(second),
      expirySet(first, 20, second)
    ])
    assert.deepStrictEqual(
      given(...before).when({ ...rotate(first, second, 20), replacementExpiresAt: at(50) } as ClientCommand),
      [issued(second), expirySet(second, 50), expirySet(first, 20, second)]
    )
    assert.deepStrictEqual(given().when(rotate(first, second, 20)), rejected("not_created"))
    assert.deepStrictEqual(given(created).when(rotate(first, second, 20)), rejected("no_such_key"))
  })

  it("brings an expiry forward, and never puts it off", () => {
    const rotated = [created, issued(first), issued(second), expirySet(first, 20, second)]
    assert.deepStrictEqual(given(...rotated).when(rotate(first, third, 99)), [
      issued(third),
      expirySet(first, 20, third)
    ])
    assert.deepStrictEqual(given(...rotated).when(rotate(first, third, 15)), [
      issued(third),
      expirySet(first, 15, third)
    ])
    assert.deepStrictEqual(given(...rotated).when(rotate(first, second, 99)), [])
  })

  it("puts nothing in the place of a key that is no longer good", () => {
    const expired = [created, issued(first), expirySet(first, 20)]
    assert.deepStrictEqual(given(...expired).when(rotate(first, second, 99, 20)), rejected("key_not_active"))
    assert.deepStrictEqual(given(...expired).when(rotate(first, second, 99, 19)), [
      issued(second),
      expirySet(first, 20, second)
    ])
    assert.deepStrictEqual(
      given(created, issued(first), revoked(first)).when(rotate(first, second, 20)),
      rejected("key_not_active")
    )
  })

  it("knows which keys are good, until when, and for what", () => {
    const state = fold(Client, [created, issued(first), issued(second), revoked(first), expirySet(second, 9)])
    const { scopes } = details(first)
    assert.deepStrictEqual(state._tag === "Client" && [...state.keys], [
      [first, { scopes, revoked: true, expiresAt: undefined }],
      [second, { scopes, revoked: false, expiresAt: at(9) }]
    ])
  })

  it.prop("never revives a revoked key, and repeats nothing", [Schema.Array(AnyCommand)], ([commands]) => {
    const history: Array<ClientEvent> = []
    for (const any of commands) {
      history.push(...Result.getOrElse(Client.decide(command(any), fold(Client, history)), () => []))
    }
    const told = history.map((event) => {
      const by = "replacedBy" in event.data ? event.data.replacedBy : ""
      return `${event.type} ${"key" in event.data ? event.data.key : ""} ${by}`
    })
    assert.strictEqual(new Set(told).size, told.length)
    for (const key of [first, second]) {
      const of = history.filter(({ data }) => "key" in data && data.key === key)
      const end = of.findIndex(({ type }) => type === "client.key_revoked")
      assert.isTrue(end < 0 || end === of.length - 1)
      const expiries = of.flatMap(({ data }) => ("expiresAt" in data ? [data.expiresAt] : []))
      assert.deepStrictEqual(expiries, [...expiries].sort().reverse())
    }
  })
})
