import { assert, describe, it } from "@effect/vitest"
import type { BinaryNode } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { eventually } from "#domain/testing/Eventually.ts"
import type { Simulator } from "../simulator/Simulator.ts"
import { presenceOf } from "./Presences.ts"
import { agent, bob, carol, own, paired } from "./testing/BaileysFixture.ts"

const node = (tag: string, attrs: BinaryNode["attrs"], content?: ReadonlyArray<BinaryNode>): BinaryNode => ({
  tag,
  attrs,
  ...(content && { content: [...content] })
})
const seen = (stanza: BinaryNode) =>
  presenceOf(stanza, (address) => (address === "900002@lid" ? "15550002@s.whatsapp.net" : undefined))
const person = { kind: "person", phone: "+15550002", lid: "900002" }
const writing = (attrs: BinaryNode["attrs"] = {}) => [node("composing", attrs)]
const from = "900002@lid"

describe("how somebody is seen", () => {
  it("is what they do, and when they were there last, if they show it", () => {
    const both = { chat: person, sender: person }
    assert.deepEqual<unknown>(seen(node("presence", { from })), { ...both, state: "online" })
    for (const last of ["deny", "none", "0", "-1", "99999999999999999999"]) {
      assert.deepEqual<unknown>(seen(node("presence", { from, type: "unavailable", last })), {
        ...both,
        state: "offline"
      })
    }
    assert.deepEqual<unknown>(seen(node("presence", { from, type: "unavailable", last: "1893456000" })), {
      ...both,
      state: "offline",
      lastSeenAt: "2030-01-01T00:00:00.000Z"
    })
    assert.deepEqual<unknown>(seen(node("chatstate", { from }, writing())), { ...both, state: "typing" })
    assert.deepEqual<unknown>(seen(node("chatstate", { from }, writing({ media: "audio" }))), {
      ...both,
      state: "recording"
    })
    assert.deepEqual<unknown>(seen(node("chatstate", { from }, [node("paused", {})])), { ...both, state: "online" })
    const house = { kind: "group", address: "120363@g.us" }
    const inGroup = node("chatstate", { from: house.address, participant: from }, writing())
    assert.deepEqual<unknown>(seen(inGroup), { chat: house, sender: person, state: "typing" })
  })

  it("is nothing where a stanza says nothing of use", () => {
    for (const stanza of [
      node("chatstate", { from }),
      node("chatstate", { from }, [node("dancing", {})]),
      node("chatstate", {}, writing()),
      node("presence", { from: "nobody" })
    ])
      assert.isUndefined(seen(stanza))
  })
})

/** How often the account has shown itself so. */
const shown = ({ record }: Pick<Simulator, "record">, as: string) =>
  record.observations.filter(({ detail, kind }) => kind === "presence" && detail === as).length

it.live("of whoever writes to the account is asked for and told, once each, as long as it is wanted", () =>
  Effect.gen(function* () {
    const { hears, simulator, stop, unread, world } = yield* paired({ contacts: [bob, carol] }, { presence: true })
    const says = (who: string) => Effect.promise(() => simulator.sendIncoming({ from: who, to: own, text: "hello" }))
    assert.strictEqual(simulator.seenAs({ from: bob, to: own, state: "typing" }).told, 0) // nobody has asked
    yield* says(bob)
    yield* hears("Heard")
    const typing = Effect.sync(() => simulator.seenAs({ from: bob, to: own, state: "typing" }).told)
    yield* eventually(typing, (told) => told === 1)
    const { presence } = yield* hears("Presence")
    assert.deepInclude(presence as object, { state: "typing" })
    assert.strictEqual(presence.sender.phone, `+${bob}`)
    yield* typing // the same, a moment later
    yield* Effect.sync(() => simulator.seenAs({ from: bob, to: own, state: "offline", lastSeen: 1_893_456_000 }))
    assert.strictEqual((yield* hears("Presence")).presence.state, "offline")
    assert.strictEqual(unread.filter(({ _tag }) => _tag === "Presence").length, 0)
    assert.isAtLeast(shown(simulator, "available"), 1)
    yield* stop

    const next = yield* agent(world)
    yield* next.openDevice()
    yield* next.hears("Connected")
    const before = [shown(simulator, "available"), shown(simulator, "subscribe")]
    yield* says(carol)
    yield* next.hears("Heard")
    assert.strictEqual(simulator.seenAs({ from: carol, to: own, state: "typing" }).told, 0)
    assert.deepStrictEqual([shown(simulator, "available"), shown(simulator, "subscribe")], before)
  })
)
