import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Heard, HeardContent } from "#domain/inbound/Heard.ts"
import type { JsonObject } from "#domain/Json.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { uuid } from "../testing/ViewsFixture.ts"
import {
  ali,
  byLid,
  byPhone,
  family,
  type Item,
  inEveryOrder,
  inOrders,
  recording,
  self,
  sentId,
  siti,
  type Told,
  text
} from "./testing/ChatsFixture.ts"

/** What is to be compared: who said what, and what was done to it. */
const inShort = ({ content, deletion, kind, reactions, votes }: Item) => ({
  said:
    deletion === undefined ? (content as { readonly text?: string })?.text : deletion.byAdmin ? "by an admin" : "gone",
  ...(kind !== "text" && { kind }),
  ...(reactions.length > 0 && { reactions: reactions.map(({ emoji }) => emoji) }),
  ...(votes.length > 0 && { votes: votes.map(({ chosen }) => chosen) })
})

const inGroup = (sender: Told["sender"], content: HeardContent, more: Partial<Heard> = {}): Told => ({
  chat: family,
  sender,
  content,
  ...more
})

describe("a chat", () => {
  it.live("is one, whichever of their names comes first, and has both directions with what was done to them", () =>
    Effect.gen(function* () {
      const { hear, personal, send } = yield* recording
      const first = yield* hear({ chat: byLid, sender: byLid, content: text("one") })
      const both = yield* hear({ chat: ali, sender: ali, content: text("two"), name: "Ali of Ipoh" })
      const sent = yield* send("three")
      const target = { waMessageId: "F1", fromMe: false }
      const edit = yield* hear({
        chat: byPhone,
        sender: byPhone,
        content: { type: "edit", target, content: text("ONE") }
      })
      const own = { waMessageId: sentId, fromMe: true }
      const corrected = yield* hear({
        chat: byPhone,
        sender: self,
        content: { type: "edit", target: own, content: text("THREE") }
      })
      const shown = new Map([
        [first, { said: "ONE" }],
        [both, { said: "two" }],
        [sent, { said: "THREE" }]
      ])
      yield* inEveryOrder([first, both, sent, edit, corrected], personal, (order, chats) => {
        const expected = order.flatMap((event) => shown.get(event) ?? [])
        assert.deepStrictEqual(
          chats.map((items) => items.map(inShort)),
          [expected]
        )
        const [items] = chats
        assert.strictEqual(new Set(items!.flatMap((item) => ("contact" in item ? [item.contact] : []))).size, 1)
        const message = items!.find(({ origin }) => origin === "sent")!
        assert.deepInclude(message, { id: uuid(3), status: "queued", waMessageId: sentId })
        const factOf = ({ stream }: RecordedEvent) => stream.slice("inbound-".length)
        assert.deepStrictEqual(message.facts, [factOf(corrected)])
        assert.strictEqual(message.edit!.fact, factOf(corrected))
      })
    })
  )

  it.live("takes an edit and a deletion from nobody but who said it, or who administers the group", () =>
    Effect.gen(function* () {
      const { hear, personal } = yield* recording
      const [mine, theirs] = [
        { waMessageId: "F1", fromMe: false },
        { waMessageId: "F2", fromMe: false }
      ]
      const one = yield* hear(inGroup(ali, text("one")))
      const two = yield* hear(inGroup(siti, text("two")))
      const forged = yield* hear(inGroup(siti, { type: "edit", target: mine, content: text("forged") }))
      const denied = yield* hear(inGroup(siti, { type: "deletion", target: mine }))
      const taken = yield* hear(inGroup(ali, { type: "deletion", target: theirs, byAdmin: true }))
      const shown = new Map([
        [one, { said: "one" }],
        [two, { said: "by an admin" }]
      ])
      yield* inEveryOrder([one, two, forged, denied, taken], personal, (order, chats) => {
        assert.deepStrictEqual(
          chats.map((items) => items.map(inShort)),
          [order.flatMap((event) => shown.get(event) ?? [])]
        )
        const said = chats[0]!.find(({ deletion }) => deletion !== undefined)!
        assert.isFalse("content" in said)
        assert.lengthOf(said.facts, 2)
      })
    })
  )

  it.live("folds an edit into what it is about, though it could not be opened when it came", () =>
    Effect.gen(function* () {
      const { hear, personal } = yield* recording
      const one = yield* hear({ chat: ali, sender: ali, content: text("one") })
      const edit = { chat: ali, sender: ali, waMessageId: "E1" }
      const sealed = yield* hear({ ...edit, content: { type: "other", name: "secretEncryptedMessage", raw: "Cg" } })
      const target = { waMessageId: "F1", fromMe: false }
      const opened = yield* hear({ ...edit, content: { type: "edit", target, content: text("ONE") } })
      assert.strictEqual(opened.stream, sealed.stream)
      yield* inOrders([[one, sealed, opened]], personal, (_, [items]) => {
        assert.deepStrictEqual(items!.map(inShort), [{ said: "ONE" }])
      })
    })
  )

  it.live("shows of each person the last reaction and vote, and none that was taken back", () =>
    Effect.gen(function* () {
      const { hear, personal } = yield* recording
      const target = { waMessageId: "F1", fromMe: false }
      const poll = { type: "poll", question: "When?", options: ["now", "later"], raw: "" } as const
      const said = yield* hear(inGroup(ali, poll))
      const like = yield* hear(inGroup(siti, { type: "reaction", target, emoji: "👍" }))
      const love = yield* hear(inGroup(byPhone, { type: "reaction", target, emoji: "❤" }))
      const gone = yield* hear(inGroup(byLid, { type: "reaction", target, emoji: "" }))
      yield* inEveryOrder([said, like, love, gone], personal, (order, chats) => {
        const places = [like, love, gone].map((event) => order.indexOf(event)) as [number, number, number]
        const [ofSiti, ofAli, taken] = places
        const left = taken > ofAli ? [like] : ofSiti < ofAli ? [like, love] : [love, like]
        assert.deepStrictEqual(
          chats[0]![0]!.reactions.map(({ fact }) => `inbound-${fact}`),
          left.map(({ stream }) => stream as string)
        )
      })
      const now = yield* hear(inGroup(ali, { type: "vote", target, chosen: ["now"], raw: "" }))
      const later = yield* hear(inGroup(byLid, { type: "vote", target, chosen: ["later"], raw: "" }))
      yield* inEveryOrder([said, now, later], personal, (order, chats) => {
        const last = order.indexOf(later) > order.indexOf(now) ? "later" : "now"
        assert.deepStrictEqual(
          chats[0]![0]!.votes.map(({ chosen }) => chosen),
          [[last]]
        )
      })
    })
  )

  it.live("shows what somebody thinks of what was sent through the gateway, by whichever of their names", () =>
    Effect.gen(function* () {
      const { hear, personal, send } = yield* recording
      const sent = yield* send("one")
      const target = { waMessageId: sentId, fromMe: true }
      const reaction = yield* hear({ chat: byLid, sender: byLid, content: { type: "reaction", target, emoji: "👍" } })
      const both = yield* hear({ chat: ali, sender: ali, content: text("two") })
      yield* inEveryOrder([sent, reaction, both], personal, (_, [items, ...others]) => {
        assert.deepStrictEqual(others, [])
        const { facts, reactions, ...message } = items!.find(({ origin }) => origin === "sent")!
        assert.deepInclude(message, { id: uuid(1), status: "queued", waMessageId: sentId })
        assert.deepStrictEqual(
          reactions.map(({ emoji, fact, fromMe }) => [emoji, fact, fromMe]),
          [["👍", facts[0], false]]
        )
      })
    })
  )

  it.live("gives nothing to whoever copies the id of somebody else's message", () =>
    Effect.gen(function* () {
      const { hear, personal } = yield* recording
      const target = { waMessageId: "SAME", fromMe: false }
      const one = yield* hear(inGroup(ali, text("one"), { waMessageId: "SAME" }))
      const copy = yield* hear(inGroup(siti, text("copy"), { waMessageId: "SAME" }))
      const edit = yield* hear(inGroup(siti, { type: "edit", target, content: text("EDITED") }))
      const like = yield* hear(inGroup(siti, { type: "reaction", target, emoji: "👍" }))
      yield* inEveryOrder([one, copy, edit, like], personal, (order, chats) => {
        const isFirst = (event: RecordedEvent) => order.find((other) => [one, copy].includes(other)) === event
        const of = (event: RecordedEvent, said: string) => ({ said, ...(isFirst(event) && { reactions: ["👍"] }) })
        const shown = new Map([
          [one, of(one, "one")],
          [copy, of(copy, "EDITED")]
        ])
        assert.deepStrictEqual(
          chats.map((items) => items.map(inShort)),
          [order.flatMap((event) => shown.get(event) ?? [])]
        )
      })
    })
  )

  it.live("shows what is damaged without what cannot be read, and all the rest", () =>
    Effect.gen(function* () {
      const { hear, personal } = yield* recording
      const one = yield* hear({ chat: ali, sender: ali, content: text("one") })
      const two = yield* hear({ chat: ali, sender: ali, content: text("two") })
      const data = structuredClone(one.data) as { content: { body: { box: string } } }
      data.content.body.box = "AAAA"
      yield* inEveryOrder([{ ...one, data: data as unknown as JsonObject }, two], personal, (_, chats) => {
        assert.sameDeepMembers(
          chats.flatMap((items) => items.map(({ content }) => content)),
          [undefined, text("two")]
        )
      })
    })
  )
})
