import { assert, describe, it } from "@effect/vitest"
import type { BinaryNode } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { eventually } from "#domain/testing/Eventually.ts"
import type { Simulator } from "../simulator/Simulator.ts"
import { callOf } from "./Calls.ts"
import { acknowledged, agent, bob, own, paired, type Told } from "./testing/BaileysFixture.ts"

const me = { id: "15550001:3@s.whatsapp.net", lid: "900001:3@lid" }
const [caller, group] = ["900002@lid", "120363@g.us"]
const person = { kind: "person", phone: "+15550002", lid: "900002" }
const self = { kind: "person", phone: "+15550001", lid: "900001" }

const call = (tag: string, attrs: BinaryNode["attrs"] = {}, content?: BinaryNode["content"], from = caller) =>
  callOf(
    {
      tag: "call",
      attrs: { id: "S1", from, t: "1893456000" },
      content: [{ tag, attrs: { "call-id": "C1", "call-creator": caller, ...attrs }, ...(content && { content }) }]
    },
    me,
    () => undefined
  )

describe("what is said of a call", () => {
  it("is what became of it, and once for each", () => {
    const outcomes = [
      call("offer"),
      call("accept"),
      call("reject"),
      call("terminate"),
      call("terminate", { reason: "timeout" })
    ]
    assert.deepStrictEqual(
      outcomes.map((heard) => heard?.content.type === "call" && heard.content.event),
      ["offered", "accepted", "rejected", "ended", "missed"]
    )
    assert.strictEqual(new Set(outcomes.map((heard) => heard?.waMessageId)).size, 5)
    for (const tag of ["preaccept", "transport", "relaylatency", "mute_v2"]) assert.isUndefined(call(tag), tag)
  })

  it("is between the caller and the account, whoever speaks", () => {
    const offered = call("offer", { caller_pn: "15550002@s.whatsapp.net" }, [{ tag: "video", attrs: {} }])
    assert.deepInclude(offered as object, {
      chat: person,
      sender: person,
      fromMe: false,
      sentAt: "2030-01-01T00:00:00.000Z"
    })
    assert.deepStrictEqual(offered?.content, { type: "call", call: "C1", event: "offered", isVideo: true })
    const answered = call("accept", {}, undefined, "900001@lid")
    assert.deepInclude(answered as object, { chat: { kind: "person", lid: "900002" }, sender: self, fromMe: true })
    const called = call("reject", { "call-creator": "900001:5@lid" })
    assert.deepInclude(called as object, { chat: { kind: "person", lid: "900002" }, fromMe: false })
  })

  it("has an id that is a text, wherever its own is cut", () => {
    for (const id of [`${"C".repeat(79)}😀`, `${"C".repeat(127)}😀`, "\ud800".repeat(200)]) {
      const heard = call("offer", { "call-id": id })
      assert.isDefined(heard, id)
      const { content, waMessageId } = heard!
      for (const said of [waMessageId, content.type === "call" ? content.call : ""]) {
        assert.isTrue(said.isWellFormed())
        assert.isAtMost(said.length, 128)
      }
    }
  })

  it("in a group is once for each who does it", () => {
    const some = ["900003@lid", "900004@lid"].map((from) => call("accept", { "group-jid": group }, undefined, from))
    assert.notStrictEqual(some[0]?.waMessageId, some[1]?.waMessageId)
    for (const heard of some) {
      assert.deepInclude(heard?.chat as object, { kind: "group", address: group })
      assert.deepInclude(heard?.content as object, { isGroup: true })
    }
  })

  it("is nothing without its id, or when nobody says who calls, and never longer than it may be", () => {
    assert.isUndefined(callOf({ tag: "call", attrs: {} }, me, () => undefined))
    assert.isUndefined(call("offer", { "call-creator": "x" }, undefined, "y"))
    const long = call("offer", { "call-id": "C".repeat(500) })
    assert.isAtMost(long?.waMessageId.length ?? 0, 128)
    assert.isDefined(long)
  })
})

const eventOf = ({ heard: { content } }: Told) => (content.type === "call" ? content.event : content.type)

describe("a call", () => {
  const calls = ({ sendIncoming }: Simulator, state: "offer" | "timeout") =>
    Effect.promise(() => sendIncoming({ kind: "call", from: bob, to: own, callId: "ABCDEF", state }))

  it.live("is told in its turn among messages, and acknowledged when somebody holds it and what came before", () =>
    Effect.gen(function* () {
      const { hears, simulator } = yield* paired({}, { takes: false })
      yield* Effect.promise(() => simulator.sendIncoming({ from: bob, to: own, text: "pick up" }))
      yield* calls(simulator, "offer")
      yield* calls(simulator, "timeout")
      const told = [yield* hears("Heard"), yield* hears("Heard"), yield* hears("Heard")] as const
      assert.deepStrictEqual(told.map(eventOf), ["text", "offered", "missed"])
      assert.strictEqual<string | undefined>(told[1].heard.sender.phone, `+${bob}`)
      for (const { taken } of told.slice(1)) yield* taken
      yield* Effect.sleep(100)
      assert.strictEqual(acknowledged(simulator, "call"), 0)
      yield* told[0].taken
      yield* eventually(
        Effect.sync(() => acknowledged(simulator, "call")),
        (count) => count === 2
      )
    })
  )

  it.live("that nobody held is told again in the next life, as what it was", () =>
    Effect.gen(function* () {
      const { hears, simulator, stop, world } = yield* paired({}, { takes: false })
      yield* calls(simulator, "offer")
      const first = yield* hears("Heard")
      yield* stop
      const next = yield* agent(world)
      yield* next.openDevice()
      assert.deepStrictEqual((yield* next.hears("Heard")).heard, first.heard)
    })
  )
})
