import { assert, describe, it } from "@effect/vitest"
import { utf8 } from "../Bytes.ts"
import { readObject } from "../meta/MetaJson.ts"
import { pathOf, sessionIn, tellings, usual } from "./Telling.ts"

const one = (payload: object) => tellings(payload as never, usual)[0]!

describe("what a session source tells", () => {
  it("is read where well-known gateways say it", () => {
    const key = { id: "3EB0", fromMe: true, remoteJid: "5511987654321:12@s.whatsapp.net" }
    const wasender = {
      event: "messages.upsert",
      sessionId: "s1",
      data: { messages: { key, messageTimestamp: 1_749_416_383 } }
    }
    const evolution = {
      event: "messages.upsert",
      instance: "s1",
      data: { key, messageTimestamp: 1 },
      date_time: "2025-06-08T20:59:43Z"
    }
    const waha = {
      id: "evt_1",
      timestamp: 1_749_416_383_000,
      event: "message",
      session: "s1",
      payload: { id: "true_3EB0", from: "5511987654321@c.us", fromMe: true }
    }
    for (const [payload, id] of [
      [wasender, "3EB0"],
      [evolution, "3EB0"],
      [waha, "evt_1"]
    ] as const) {
      const told = one(payload)
      assert.deepStrictEqual([told.session, told.id, told.isFromMe], ["s1", id, true])
      assert.deepStrictEqual(told.person, ["phone", "+5511987654321"])
      assert.strictEqual(told.saidAt, 1_749_416_383_000)
    }
    assert.deepStrictEqual(one({ session: "s", data: { from: "1203630@g.us" } }).person, ["address", "1203630@g.us"])
    // as devices name them: whoever is erased by one of these is erased of both
    for (const from of ["98765@lid", "98765:3@lid", "98765@hosted.lid"]) {
      assert.deepStrictEqual(one({ session: "s", data: { from } }).person, ["lid", "98765"])
    }
    assert.deepStrictEqual(one({ session: "s", data: { from: "x@lid" } }).person, ["address", "x@lid"])
    assert.isUndefined(one({ session: "s", data: { from: "a".repeat(257) } }).person)
  })

  it("is told apart by its id, state, event and session; without an id by all that it says", () => {
    const base = { event: "e", session: "s", id: "1" }
    const others = [
      { ...base, id: "2" },
      { ...base, session: "t" },
      { ...base, event: "f" },
      { ...base, data: { status: "read" } }
    ]
    const names = [base, ...others].map((payload) => JSON.stringify(one(payload).identity))
    assert.strictEqual(new Set(names).size, 5)
    assert.strictEqual(names[0], JSON.stringify(one({ ...base, more: 1 }).identity))
    const nameless = { event: "e", session: "s", a: 1, b: 2 }
    assert.deepStrictEqual(one(nameless).identity, one({ b: 2, a: 1, session: "s", event: "e" }).identity)
    assert.notDeepEqual(one(nameless).identity, one({ ...nameless, a: 2 }).identity)
  })

  it("is each member of a list, and loses none of what stands around it", () => {
    const payload = {
      session: "s",
      event: "e",
      odd: { x: [1] },
      data: { more: 1, messages: [{ key: { id: "A" } }, { key: { id: "B" } }] }
    }
    const told = tellings(payload as never, usual)
    assert.deepStrictEqual(
      told.map(({ id }) => id),
      ["A", "B"]
    )
    assert.deepStrictEqual(told[1]!.payload as object, {
      ...payload,
      data: { more: 1, messages: [{ key: { id: "B" } }] }
    })
  })

  it("bears anything", () => {
    for (const payload of [
      {},
      { session: {} },
      { session: [] },
      { session: ["s"], data: null },
      { id: { id: [] } },
      { timestamp: "no time" }
    ]) {
      assert.lengthOf(tellings(payload as never, usual), 1)
    }
    assert.isUndefined(sessionIn({ session: "two words" }, usual))
    assert.strictEqual(sessionIn(readObject(utf8('{"session":12345678901234567890}'))!, usual), "12345678901234567890")
    assert.strictEqual(sessionIn({ a: { b: "s" } }, { ...usual, session: [pathOf("a.b")] }), "s")
  })
})
