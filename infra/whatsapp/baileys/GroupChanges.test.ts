import { assert, describe, it } from "@effect/vitest"
import type { BinaryNode } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { eventually } from "#domain/testing/Eventually.ts"
import { groupChangesOf } from "./GroupChanges.ts"
import { acknowledged, bob, carol, own, paired, type Told } from "./testing/BaileysFixture.ts"

const me = { id: "15550001:3@s.whatsapp.net", lid: "900001:3@lid" }
const group = "120363@g.us"
const admin = { kind: "person", phone: "+15550002", lid: "900002" }
const self = { kind: "person", phone: "+15550001", lid: "900001" }

const node = (tag: string, attrs: BinaryNode["attrs"] = {}, content?: BinaryNode["content"]): BinaryNode => ({
  tag,
  attrs,
  ...(content !== undefined && { content })
})
const member = (n: number) => node("participant", { jid: `90000${n}@lid`, phone_number: `1555000${n}@s.whatsapp.net` })
const by = { participant: "900002@lid", participant_pn: "15550002@s.whatsapp.net" }

const changes = (content: ReadonlyArray<BinaryNode>, attrs: BinaryNode["attrs"] = by) =>
  groupChangesOf(
    node("notification", { id: "N1", from: group, type: "w:gp2", t: "1893456000", notify: "Bob", ...attrs }, [
      ...content
    ]),
    me,
    () => undefined
  )
const contentOf = (...said: Parameters<typeof node>) => changes([node(...said)])[0]?.content

describe("what is said of a group", () => {
  it("is by whom, where and when", () => {
    const [heard] = changes([node("subject", { subject: "the house" })])
    assert.deepEqual<unknown>(heard, {
      waMessageId: "N1",
      chat: { kind: "group", address: group },
      sender: admin,
      fromMe: false,
      sentAt: "2030-01-01T00:00:00.000Z",
      name: "Bob",
      content: { type: "group", event: "subject_changed", text: "the house", name: "subject" }
    })
    const [mine] = changes([node("subject", { subject: "ours" })], { participant: "900001:4@lid" })
    assert.deepInclude(mine as object, { sender: self, fromMe: true })
    // nobody did it: whom it happened to stands for who did it
    const [alone] = changes([node("remove", {}, [member(3)])], {})
    assert.deepInclude(alone?.sender as object, { phone: "+15550003" })
  })

  it("is as much as there is room for: without its people where those do not fit, without its words where not even those do", () => {
    const many = Array.from({ length: 2_100 }, (_, n) =>
      node("participant", { jid: `${1e15 + n}@lid`, phone_number: `${155_500_000_000 + n}@s.whatsapp.net` })
    )
    const added = contentOf("add", {}, many)
    assert.strictEqual(added?.type === "group" && added.people?.length, 2_048)
    const wide = node("group", { subject: "\u0001".repeat(45_000) }, many)
    const made = contentOf("create", { type: "new" }, [wide])
    assert.isTrue(made?.type === "group" && made.people === undefined && made.text?.length === 45_000)
    const controls = node("body", {}, "\u0001".repeat(65_536))
    const described = contentOf("description", {}, [controls])
    assert.deepStrictEqual(described, { type: "group", event: "description_changed", name: "description" })
  })

  it("is who came, left, rose and fell", () => {
    const eventOf = (...said: Parameters<typeof node>) => {
      const content = contentOf(...said)
      return content?.type === "group"
        ? [content.event, content.people?.map(({ phone }) => phone as string)]
        : undefined
    }
    const [two, three] = ["+15550002", "+15550003"]
    assert.deepStrictEqual(eventOf("add", {}, [member(3)]), ["added", [three]])
    assert.deepStrictEqual(eventOf("add", { reason: "invite" }, [member(3)]), ["joined", [three]])
    assert.deepStrictEqual(eventOf("add", {}, [member(2)]), ["joined", [two]])
    assert.deepStrictEqual(eventOf("remove", {}, [member(3)]), ["removed", [three]])
    assert.deepStrictEqual(eventOf("remove", {}, [member(2)]), ["left", [two]])
    assert.deepStrictEqual(eventOf("remove", {}, [member(2), member(3)]), ["removed", [two, three]])
    assert.deepStrictEqual(eventOf("promote", {}, [member(3)]), ["promoted", [three]])
    assert.deepStrictEqual(eventOf("demote", {}, [member(3)]), ["demoted", [three]])
    assert.deepStrictEqual(eventOf("created_membership_requests", {}, [member(3)]), ["requested", [three]])
    const whole = [node("group", { subject: "the house" }, [member(1), member(2)])]
    assert.deepStrictEqual(eventOf("create", { type: "new" }, whole), ["created", ["+15550001", two]])
    assert.deepStrictEqual(eventOf("create", {}, whole), ["added", ["+15550001"]])
  })

  it("is what may be done there, and whatever else there is", () => {
    const texts = [
      contentOf("description", {}, [node("body", {}, Buffer.from("for tenants"))]),
      contentOf("description", { delete: "true" })
    ].map((content) => content?.type === "group" && [content.event, content.text])
    assert.deepStrictEqual(texts, [
      ["description_changed", "for tenants"],
      ["description_changed", ""]
    ])
    for (const tag of ["announcement", "not_announcement", "locked", "unlocked", "membership_approval_mode"])
      assert.deepEqual<unknown>(contentOf(tag), { type: "group", event: "settings_changed", name: tag })
    assert.deepEqual<unknown>(contentOf("invite", { code: "secret" }), {
      type: "group",
      event: "settings_changed",
      name: "invite"
    })
    assert.deepEqual<unknown>(contentOf("delete"), { type: "group", event: "ended", name: "delete" })
    assert.deepEqual<unknown>(contentOf("growth_locked"), { type: "group", event: "other", name: "growth_locked" })
    assert.deepEqual<unknown>(contentOf("ephemeral", { expiration: "86400" }), { type: "timer", seconds: 86_400 })
    assert.deepEqual<unknown>(contentOf("not_ephemeral"), { type: "timer", seconds: 0 })
    const [picture] = changes([node("set", { id: "1", author: "900002@lid" })], { type: "picture" })
    assert.deepEqual<unknown>(picture?.content, { type: "group", event: "picture_changed", name: "set" })
    assert.deepInclude(picture?.sender as object, { lid: "900002" })
  })

  it("is each thing by itself, and nothing where it is of something else", () => {
    const two = changes([node("locked"), node("announcement")])
    assert.deepStrictEqual(
      two.map(({ waMessageId }) => waMessageId),
      ["N1", "N1.1"]
    )
    assert.deepStrictEqual(changes([node("update")], { type: "devices" }), [])
    assert.deepStrictEqual(changes([node("set")], { type: "picture", from: "900002@lid" }), [])
  })
})

const eventOf = ({ heard: { content } }: Told) => (content.type === "group" ? content.event : content.type)

it.live("what becomes of a group is told in order, and acknowledged when somebody holds it", () =>
  Effect.gen(function* () {
    const { hears, simulator } = yield* paired({ contacts: [bob, carol] }, { takes: false })
    const house = simulator.changeGroup({ by: bob, subject: "the house", add: [own] })
    simulator.changeGroup({ by: bob, group: house, add: [carol] })
    yield* Effect.promise(() => simulator.sendIncoming({ from: carol, to: own, group: house, text: "hello" }))
    simulator.changeGroup({ by: carol, group: house, remove: [carol] })
    const told: Array<Told> = []
    for (let n = 0; n < 4; n++) told.push(yield* hears("Heard"))
    assert.deepStrictEqual(told.map(eventOf), ["created", "added", "text", "left"])
    assert.deepStrictEqual(
      told.map(({ heard: { chat } }) => chat.kind === "group" && chat.address),
      [house, house, house, house]
    )
    yield* told[1]!.taken
    yield* Effect.sleep(100)
    assert.strictEqual(acknowledged(simulator, "notification"), 0)
    for (const { taken } of told) yield* taken
    yield* eventually(
      Effect.sync(() => acknowledged(simulator, "notification")),
      (count) => count === 3
    )
  })
)
