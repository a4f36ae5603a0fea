import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { fold } from "../Decider.ts"
import { ApiKeyId, SubjectId } from "../Ids.ts"
import { specification } from "../Specification.ts"
import { Client, type ClientCommand, type ClientEvent, ClientRejected, type KeyIssued } from "./Client.ts"

const { given } = specification(Client)
const name = { subject: SubjectId.make("A".repeat(43)), key: "1", iv: "aaaa", box: "bbbb" }
const first = ApiKeyId.make("key1")
const second = ApiKeyId.make("key2")
const details = (key: ApiKeyId): KeyIssued => ({ key, digest: `digest of ${key}`, scopes: ["messages:send"] })

const created: ClientEvent = { type: "client.created.v1", data: { name } }
const issued = (key: ApiKeyId): ClientEvent => ({ type: "client.key_issued.v1", data: details(key) })
const revoked = (key: ApiKeyId): ClientEvent => ({ type: "client.key_revoked.v1", data: { key } })
const create: ClientCommand = { _tag: "Create", name }
const issue = (key: ApiKeyId): ClientCommand => ({ _tag: "IssueKey", issued: details(key) })
const revoke = (key: ApiKeyId): ClientCommand => ({ _tag: "RevokeKey", key })
const rejected = (reason: ClientRejected["reason"]) => new ClientRejected({ reason })

const AnyCommand = Schema.Struct({
  tag: Schema.Literals(["Create", "IssueKey", "RevokeKey"]),
  key: Schema.Literals([first, second])
})
const command = ({ key, tag }: typeof AnyCommand.Type): ClientCommand =>
  tag === "Create" ? create : tag === "IssueKey" ? issue(key) : revoke(key)

describe("Client", () => {
  it("is created once", () => {
    assert.deepStrictEqual(given().when(create), [created])
    assert.deepStrictEqual(given(created).when(create), rejected("exists"))
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

  it("knows which keys are active", () => {
    const state = fold(Client, [created, issued(first), issued(second), revoked(first)])
    assert.deepStrictEqual(state._tag === "Client" && [...state.keys], [
      [first, "revoked"],
      [second, "active"]
    ])
  })

  it.prop("never revives a revoked key, and repeats nothing", [Schema.Array(AnyCommand)], ([commands]) => {
    const history: Array<ClientEvent> = []
    for (const any of commands) {
      history.push(...Result.getOrElse(Client.decide(command(any), fold(Client, history)), () => []))
    }
    const told = history.map((event) => `${event.type} ${"key" in event.data ? event.data.key : ""}`)
    assert.strictEqual(new Set(told).size, told.length)
    for (const key of [first, second]) {
      const end = told.indexOf(`client.key_revoked.v1 ${key}`)
      assert.isTrue(end < 0 || told.indexOf(`client.key_issued.v1 ${key}`) < end)
    }
  })
})
