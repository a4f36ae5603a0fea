import { assert, describe, it } from "@effect/vitest"
import { proto } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { base64url } from "#domain/Bytes.ts"
import { Heard } from "#domain/inbound/Heard.ts"
import { encryptedFor, newSecret } from "../simulator/content/Secrets.ts"
import { contentOf } from "./heard/Content.ts"
import { fromBob } from "./heard/testing/Telling.ts"
import * as Secrets from "./Secrets.ts"
import { bob, carol, own, paired, type Told } from "./testing/BaileysFixture.ts"
import * as Unopened from "./Unopened.ts"

const { MESSAGE_EDIT } = proto.Message.SecretEncryptedMessage.SecretEncType
const speaker = "900002@lid"

/** A message of Bob's, with its secret, and how he edits it. */
const spoken = (id: string) => {
  const content = { conversation: "helo", messageContextInfo: newSecret() }
  const key = { id, fromMe: true, remoteJid: "900001@lid" }
  const edit = (name: string, text = "hello") => {
    const protocolMessage = {
      key,
      type: proto.Message.ProtocolMessage.Type.MESSAGE_EDIT,
      editedMessage: { conversation: text }
    }
    const plain = proto.Message.encode({ protocolMessage }).finish()
    const sealed = encryptedFor({ key, author: speaker, content }, speaker, "Message Edit", plain)
    const message = { secretEncryptedMessage: { targetMessageKey: key, secretEncType: MESSAGE_EDIT, ...sealed } }
    const { chat, fromMe, sender } = fromBob
    return Heard.make({ waMessageId: name, chat, sender, fromMe, content: contentOf(message, fromBob)! })
  }
  const reaction = (name: string, emoji: string) => {
    const plain = proto.Message.ReactionMessage.encode({ text: emoji }).finish()
    const sealed = encryptedFor({ key, author: speaker, content }, speaker, "Enc Reaction", plain)
    const { chat, fromMe, sender } = fromBob
    const message = { encReactionMessage: { targetMessageKey: key, ...sealed } }
    return Heard.make({ waMessageId: name, chat, sender, fromMe, content: contentOf(message, fromBob)! })
  }
  return { id, edit, reaction, encoded: proto.Message.encode(content).finish() }
}

const scene = () => {
  const rows = new Map<string, unknown>()
  const set = async (data: object) => {
    for (const [type, some] of Object.entries(data))
      for (const [id, value] of Object.entries(some))
        if (value === null) rows.delete(`${type} ${id}`)
        else rows.set(`${type} ${id}`, JSON.parse(JSON.stringify(value)))
  }
  const notes = { get: (type: string, id: string) => rows.get(`${type} ${id}`), set: () => {} }
  const secrets = Secrets.make(notes, async () => undefined)
  const me = { id: "15550001@s.whatsapp.net", lid: "900001@lid" }
  const sock = { authState: { creds: { me }, keys: { set } } } as never
  const unopened = Unopened.make(sock, { notes, secrets, alsoKnown: () => undefined })
  const learns = ({ encoded, id }: ReturnType<typeof spoken>) => set(secrets.rowsFor(id, encoded))
  return { ...unopened, learns, rows }
}
const textOf = ({ content }: Heard) => content.type === "edit" && "text" in content.content && content.content.text

describe("what is said in secret of a message that is not there", () => {
  it("is opened when the message is there, and kept until it was told so", async () => {
    const { forget, keep, learns, of, rows } = scene()
    const [message, other] = [spoken("A1"), spoken("A2")]
    assert.deepStrictEqual(await keep(message.edit("E1")), [])
    await keep(message.edit("E1")) // offered again
    await keep(message.edit("E2", "hello!"))
    await keep(other.edit("E3"))
    assert.deepStrictEqual(await of("A1"), [])
    await learns(message)
    assert.deepStrictEqual((await of("A1")).map(textOf), ["hello", "hello!"])
    assert.deepStrictEqual((await of("A1")).map(textOf), ["hello", "hello!"])
    assert.deepStrictEqual(await of("A2"), [])
    await forget("A1")
    assert.deepStrictEqual(await of("A1"), [])
    await learns(other)
    assert.deepStrictEqual((await of("A2")).map(textOf), ["hello"])
    await forget("A2")
    assert.isFalse([...rows.keys()].some((name) => name.startsWith("unopened")))
  })

  it("is opened at once where the message came while it was being kept", async () => {
    const { keep, learns } = scene()
    const message = spoken("A1")
    await learns(message)
    assert.deepStrictEqual((await keep(message.edit("E1"))).map(textOf), ["hello"])
  })

  it("is a reaction as well, one of many beside edits of the same message", async () => {
    const { keep, learns, of } = scene()
    const message = spoken("A1")
    const sealed = message.reaction("R1", "👍")
    assert.strictEqual(sealed.content.type, "other")
    await keep(sealed)
    await keep(message.edit("E1"))
    await keep(message.reaction("R2", ""))
    await learns(message)
    const said = (await of("A1")).map(({ content, waMessageId }) => [waMessageId, content.type, content])
    assert.deepStrictEqual(
      said.map(([id, type]) => [id, type]),
      [
        ["R1", "reaction"],
        ["E1", "edit"],
        ["R2", "reaction"]
      ]
    )
    assert.deepInclude(said[0]![2] as object, { emoji: "👍" })
    assert.deepInclude(said[2]![2] as object, { emoji: "" })
  })

  it("takes a bounded place, and none if it is long or says nothing in secret", async () => {
    const { keep, of, learns, rows } = scene()
    const { chat, fromMe, sender } = fromBob
    await keep(Heard.make({ waMessageId: "T", chat, sender, fromMe, content: { type: "text", text: "hello" } }))
    const long = spoken("L")
    await keep(long.edit("E0", "x".repeat(20_000)))
    assert.strictEqual(rows.size, 0)
    for (let n = 0; n < 700; n++) await keep(spoken(`A${n}`).edit(`E${n}`))
    assert.isAtMost(rows.size, 64)
    for (const row of rows.values()) assert.isAtMost((row as ReadonlyArray<unknown>).length, 8)
    const newest = spoken("N")
    await keep(newest.edit("E"))
    await learns(newest)
    assert.strictEqual((await of("N")).length, 1)
  })

  it("is no secret of somebody else's: garbage stays what it is", async () => {
    const { keep, learns, of } = scene()
    const message = spoken("A1")
    const { chat, fromMe, sender } = fromBob
    const garbage = {
      targetMessageKey: { id: "A1", fromMe: true },
      secretEncType: MESSAGE_EDIT,
      encPayload: Buffer.alloc(40),
      encIv: Buffer.alloc(12)
    }
    const raw = base64url(proto.Message.encode({ secretEncryptedMessage: garbage }).finish())
    const content = { type: "other", name: "secretEncryptedMessage", raw } as const
    await keep(Heard.make({ waMessageId: "G", chat, sender, fromMe, content }))
    await learns(message)
    assert.deepStrictEqual(await of("A1"), [])
  })
})

it.live(
  "an edit, a vote and a reaction that come before their message are told once more, opened, when it can be read",
  () =>
    Effect.gen(function* () {
      const { hears, simulator } = yield* paired({ contacts: [bob, carol] })
      const say = (message: Omit<Parameters<typeof simulator.sendIncoming>[0], "from" | "to">) =>
        Effect.promise(() => simulator.sendIncoming({ from: bob, to: own, ...message } as never))
      const told: Array<Told["heard"]> = []
      const next = Effect.map(hears("Heard"), ({ heard }) => {
        told.push(heard)
        return heard
      })
      const helo = yield* say({ text: "helo", unreadable: 1 } as never)
      const edit = yield* say({ kind: "edit", of: helo, text: "hello", encrypted: true } as never)
      const reaction = yield* say({ kind: "reaction", of: helo, text: "👍", encrypted: true } as never)
      const poll = yield* say({ kind: "poll", name: "tea?", options: ["yes", "no"], unreadable: 1 } as never)
      const vote = yield* say({ kind: "vote", of: poll, options: ["yes"] } as never)
      for (let n = 0; n < 10; n++) yield* next
      const of = (id: string) => told.filter(({ waMessageId }) => waMessageId === id).map(({ content }) => content)
      assert.deepStrictEqual(
        of(helo).map(({ type }) => type),
        ["undecryptable", "text"]
      )
      assert.deepStrictEqual(
        of(edit).map(({ type }) => type),
        ["other", "edit"]
      )
      assert.deepInclude(of(edit)[1] as object, { content: { type: "text", text: "hello" } })
      assert.deepStrictEqual(
        of(reaction).map(({ type }) => type),
        ["other", "reaction"]
      )
      assert.deepInclude(of(reaction)[1] as object, { emoji: "👍" })
      assert.deepStrictEqual(
        of(poll).map(({ type }) => type),
        ["undecryptable", "poll"]
      )
      const votes = of(vote).map((content) => content.type === "vote" && content.chosen?.length)
      assert.deepStrictEqual(votes, [undefined, 1])
    })
)
