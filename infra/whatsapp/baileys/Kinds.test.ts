import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { proto } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { base64url, fromBase64url } from "#domain/Bytes.ts"
import type { Heard, HeardContent } from "#domain/inbound/Heard.ts"
import type { IncomingMessage } from "../simulator/IncomingMessage.ts"
import { agent, bob, carol, own, paired, waMessageId } from "./testing/BaileysFixture.ts"

type Said = IncomingMessage extends infer One ? (One extends IncomingMessage ? Partial<One> : never) : never
type Paired = Pick<Effect.Success<ReturnType<typeof paired>>, "hears" | "simulator">
type Kind = HeardContent["type"]

const talking = ({ hears, simulator }: Paired) => {
  /** Says it, and hears it. */
  return Effect.fnUntraced(function* (message: Said) {
    const id = yield* Effect.promise(() =>
      simulator.sendIncoming({ from: bob, to: own, ...message } as IncomingMessage)
    )
    while (true) {
      const { heard } = yield* hears("Heard")
      if (heard.waMessageId === id) return heard // and not what comes again, and cannot be read again
    }
  })
}
const contentOf = <K extends Kind>({ content }: Heard, kind: K) => {
  assert.strictEqual(content.type, kind)
  return content as Extract<HeardContent, { readonly type: K }>
}
/** The content without what is told as it was encoded. */
const shownOf = ({ content }: Heard) => {
  const { raw: _, ...shown } = content as HeardContent & { readonly raw?: string }
  return shown as object
}
const rawOf = ({ content }: Heard) => proto.Message.decode(fromBase64url((content as { raw: string }).raw))
const digestOf = (text: string) => base64url(createHash("sha256").update(text).digest())

describe("what contacts say", () => {
  it.live("is taken apart, and has with it what fetches its file", () =>
    Effect.gen(function* () {
      const say = talking(yield* paired())
      const sha256 = createHash("sha256").update("a file").digest()
      const file = { size: 2_048, sha256: sha256.toString("hex") }
      const told = { bytes: 2_048, sha256: base64url(sha256) }
      const image = yield* say({ kind: "image", caption: "a boiler", ...file })
      assert.deepEqual(shownOf(image), { type: "image", mime: "image/jpeg", ...told, caption: "a boiler" })
      assert.strictEqual(rawOf(image).imageMessage?.mediaKey?.length, 32)
      assert.deepEqual(shownOf(yield* say({ kind: "video", note: true, seconds: 7, ...file })), {
        type: "video",
        mime: "video/mp4",
        ...told,
        seconds: 7,
        isNote: true
      })
      assert.deepInclude(shownOf(yield* say({ kind: "audio", voice: true, seconds: 3 })), {
        type: "audio",
        seconds: 3,
        isVoice: true
      })
      const document = { kind: "document", fileName: "offer.pdf", caption: "the offer" } as const
      assert.deepInclude(shownOf(yield* say(document)), {
        type: "document",
        mime: "application/pdf",
        fileName: "offer.pdf",
        caption: "the offer"
      })
      assert.deepInclude(shownOf(yield* say({ kind: "sticker" })), { type: "sticker", mime: "image/webp" })
      const place = { latitude: 3.139, longitude: 101.6869, name: "KL", address: "Jalan 1" }
      assert.deepEqual(shownOf(yield* say({ kind: "location", ...place })), { type: "location", ...place })
      const card = { name: "Ada", vcard: "BEGIN:VCARD\nEND:VCARD" }
      assert.deepEqual(shownOf(yield* say({ kind: "contact", ...card })), { type: "contacts", cards: [card] })
      const poll = yield* say({ kind: "poll", name: "When?", options: ["now", "later"], selectable: 1 })
      assert.deepEqual(shownOf(poll), { type: "poll", question: "When?", options: ["now", "later"], mostChosen: 1 })
    })
  )

  it.live("goes with what it replies to, whom it names, and how long it stays", () =>
    Effect.gen(function* () {
      const say = talking(yield* paired({ contacts: [bob, carol] }))
      const first = yield* say({ text: "the boiler is off" })
      assert.deepEqual(first.content, { type: "text", text: "the boiler is off" })
      const reply = yield* say({
        text: "is it?",
        quotes: first.waMessageId,
        mentions: [carol, own],
        disappearsAfter: 86_400
      })
      const { mentions, ...said } = shownOf(reply) as { mentions: Array<object> }
      assert.deepEqual<unknown>(said, {
        type: "text",
        text: "is it?",
        replyTo: { waMessageId: first.waMessageId, fromMe: false, sender: first.sender },
        disappearsAfterSeconds: 86_400
      })
      assert.strictEqual(mentions.length, 2)
      const mine = yield* say({ from: own, chat: bob, text: "from my phone" })
      assert.deepInclude(yield* say({ text: "good", quotes: mine.waMessageId }).pipe(Effect.map(shownOf)), {
        replyTo: { waMessageId: mine.waMessageId, fromMe: true }
      })
      assert.deepInclude(shownOf(yield* say({ kind: "image", viewOnce: true })), { type: "image", viewOnce: true })
    })
  )

  it.live("comes without content where WhatsApp shows it to phones alone", () =>
    Effect.gen(function* () {
      const { hears, simulator } = yield* paired()
      for (const type of ["view_once", "view_once_unavailable_fanout"]) {
        const id = yield* Effect.promise(() =>
          simulator.sendIncoming({ kind: "unavailable", from: bob, to: own, type })
        )
        const { heard } = yield* hears("Heard")
        assert.deepEqual<unknown>([heard.waMessageId, heard.content], [id, { type: "undecryptable" }])
      }
    })
  )
})

describe("what is done to what was said", () => {
  it.live("is an edit, plain, wrapped or encrypted, by whoever said it", () =>
    Effect.gen(function* () {
      const say = talking(yield* paired())
      for (const how of [{}, { wrapped: true }, { encrypted: true }]) {
        for (const who of [{}, { from: own, chat: bob }]) {
          const { fromMe, sender, waMessageId: id } = yield* say({ text: "helo", ...who })
          const edit = contentOf(yield* say({ kind: "edit", of: id, text: "hello", ...how, ...who }), "edit")
          assert.deepEqual<unknown>(edit.target, { waMessageId: id, fromMe, ...(!fromMe && { sender }) })
          assert.deepEqual<unknown>(edit.content, { type: "text", text: "hello" })
        }
        const { waMessageId: id } = yield* say({ kind: "image", caption: "a bot" })
        const { content } = contentOf(yield* say({ kind: "edit", of: id, text: "a boat", ...how }), "edit")
        assert.deepInclude(content, { type: "image", caption: "a boat" })
      }
    })
  )

  it.live("is an edit that nothing opens, told whole; and opens what was heard in an earlier life", () =>
    Effect.gen(function* () {
      const { simulator, stop, world, ...first } = yield* paired()
      const before = yield* talking({ simulator, ...first })({ text: "helo" })
      yield* stop
      const unheard = yield* Effect.promise(() =>
        simulator.sendIncoming({ from: bob, to: own, text: "never herd", unreadable: 5 })
      )
      const next = yield* agent(world)
      yield* next.openDevice()
      yield* next.hears("Heard")
      const say = talking({ simulator, hears: next.hears })
      const edit = yield* say({ kind: "edit", of: before.waMessageId, text: "hello", encrypted: true })
      assert.deepEqual<unknown>(contentOf(edit, "edit").content, { type: "text", text: "hello" })
      const secret = yield* say({ kind: "edit", of: unheard, text: "never heard", encrypted: true })
      assert.strictEqual(contentOf(secret, "other").name, "secretEncryptedMessage")
      assert.strictEqual(rawOf(secret).secretEncryptedMessage?.targetMessageKey?.id, unheard)
    })
  )

  it.live("is a deletion, a reaction, a pin, or a timer, of whosever message", () =>
    Effect.gen(function* () {
      const { hears, sendText, simulator } = yield* paired()
      const say = talking({ hears, simulator })
      const theirs = yield* say({ text: "theirs" })
      const mine = yield* say({ from: own, chat: bob, text: "mine" })
      const target = { waMessageId: theirs.waMessageId, fromMe: false, sender: theirs.sender }
      const ofMine = { waMessageId: mine.waMessageId, fromMe: true }
      const me = { from: own, chat: bob }
      const reaction = { kind: "reaction", of: theirs.waMessageId, text: "👍" } as const
      for (const who of [{}, me]) {
        for (const encrypted of [false, true]) {
          const told = yield* say({ ...reaction, encrypted, ...who })
          assert.deepEqual<unknown>(told.content, { type: "reaction", target, emoji: "👍" })
        }
        const taken = yield* say({ ...reaction, of: mine.waMessageId, text: "", ...who })
        assert.deepEqual<unknown>(taken.content, { type: "reaction", target: ofMine, emoji: "" })
        const pinned = yield* say({ kind: "pin", of: mine.waMessageId, seconds: 86_400, ...who })
        assert.deepEqual<unknown>(pinned.content, { type: "pin", target: ofMine, isPinned: true, forSeconds: 86_400 })
        const loose = yield* say({ kind: "pin", of: mine.waMessageId, seconds: 0, ...who })
        assert.deepEqual<unknown>(loose.content, { type: "pin", target: ofMine, isPinned: false })
        const timer = yield* say({ kind: "timer", seconds: 604_800, ...who })
        assert.deepEqual<unknown>(timer.content, { type: "timer", seconds: 604_800 })
      }
      assert.deepEqual<unknown>((yield* say({ kind: "delete", of: theirs.waMessageId })).content, {
        type: "deletion",
        target
      })
      assert.deepEqual<unknown>((yield* say({ kind: "delete", of: mine.waMessageId, ...me })).content, {
        type: "deletion",
        target: ofMine
      })

      const id = waMessageId(1)
      yield* sendText(1)
      yield* hears("Receipt", { waMessageId: id })
      const told = yield* say({ ...reaction, of: id })
      assert.deepEqual<unknown>(told.content, {
        type: "reaction",
        target: { waMessageId: id, fromMe: true },
        emoji: "👍"
      })
    })
  )

  it.live("is nobody's to take back or to say otherwise but its sender's, and an administrator's in a group", () =>
    Effect.gen(function* () {
      const { hears, simulator } = yield* paired({ contacts: [bob, carol] })
      const say = talking({ hears, simulator })
      const mine = yield* say({ from: own, chat: bob, text: "mine" })
      for (const kind of ["delete", "edit"] as const) {
        const forged = yield* say({ kind, of: mine.waMessageId, text: "forged" } as Said)
        assert.strictEqual(contentOf(forged, "other").name, "protocolMessage")
      }
      const group = simulator.changeGroup({ by: bob, subject: "the house", add: [own, carol] })
      const [one, two] = [
        yield* say({ from: own, chat: bob, group, text: "mine" }),
        yield* say({ from: carol, group, text: "hers" })
      ]
      const mineGone = yield* say({ kind: "delete", of: one.waMessageId, group })
      assert.deepEqual<unknown>(mineGone.content, {
        type: "deletion",
        target: { waMessageId: one.waMessageId, fromMe: true },
        byAdmin: true
      })
      const hers = { waMessageId: two.waMessageId, fromMe: false, sender: two.sender }
      const hersGone = yield* say({ kind: "delete", of: two.waMessageId, group })
      assert.deepEqual<unknown>(hersGone.content, { type: "deletion", target: hers, byAdmin: true })
      const byHer = yield* say({ kind: "delete", of: two.waMessageId, group, from: carol })
      assert.deepEqual<unknown>(byHer.content, { type: "deletion", target: hers })
      const liked = yield* say({ kind: "reaction", of: two.waMessageId, text: "👍", group })
      assert.deepEqual<unknown>(liked.content, { type: "reaction", target: hers, emoji: "👍" })
    })
  )

  it.live("is a vote, whosever poll it is; one in an unknown poll is told whole", () =>
    Effect.gen(function* () {
      const { hears, simulator, stop, world } = yield* paired({ contacts: [bob, carol] })
      const say = talking({ hears, simulator })
      const group = simulator.changeGroup({ by: bob, subject: "the house", add: [own, carol] })
      const poll = { kind: "poll", name: "When?", options: ["now", "later"], selectable: 0 } as const
      for (const where of [{}, { group }]) {
        for (const author of [{}, { from: own, chat: bob }]) {
          const { fromMe, sender, waMessageId: of } = yield* say({ ...poll, ...where, ...author })
          for (const voter of [{}, { from: own, chat: bob }]) {
            const vote = contentOf(yield* say({ kind: "vote", of, options: ["later"], ...where, ...voter }), "vote")
            assert.deepEqual<unknown>(vote.target, { waMessageId: of, fromMe, ...(!fromMe && { sender }) })
            assert.deepEqual<unknown>(vote.chosen, [digestOf("later")])
          }
          assert.deepEqual(contentOf(yield* say({ kind: "vote", of, options: [], ...where }), "vote").chosen, [])
        }
      }
      const known = yield* say(poll)
      yield* stop
      const unknown = yield* Effect.promise(() =>
        simulator.sendIncoming({ from: bob, to: own, ...poll, unreadable: 5 })
      )
      const next = yield* agent(world)
      yield* next.openDevice()
      yield* next.hears("Heard")
      const sayNext = talking({ simulator, hears: next.hears })
      const opened = yield* sayNext({ kind: "vote", of: known.waMessageId, options: ["now"] })
      assert.deepEqual(contentOf(opened, "vote").chosen, [digestOf("now")])
      const closed = yield* sayNext({ kind: "vote", of: unknown, options: ["now"] })
      assert.isUndefined(contentOf(closed, "vote").chosen)
      assert.isDefined(rawOf(closed).pollUpdateMessage?.vote?.encPayload)
    })
  )
})
