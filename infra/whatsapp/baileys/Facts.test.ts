import { assert, describe, it } from "@effect/vitest"
import { type BinaryNode, proto, type WAMessage } from "@whiskeysockets/baileys"
import { fromBase64url } from "#domain/Bytes.ts"
import { factOf } from "./Facts.ts"

const me = { id: "15550001:3@s.whatsapp.net", lid: "900001:3@lid" }
const bob = { phone: "15550002@s.whatsapp.net", lid: "900002@lid" }
const stubbed = { messageStubType: proto.WebMessageInfo.StubType.CIPHERTEXT }
const nobodyElse = () => undefined

const heard = (
  key: Partial<WAMessage["key"]>,
  rest: Partial<WAMessage> = { message: { conversation: "hello" } },
  attrs: BinaryNode["attrs"] = {},
  alsoKnown: (address: string) => string | undefined = nobodyElse
) =>
  factOf(
    { tag: "message", attrs: { id: "A1", from: bob.lid, t: "1893456000", ...attrs } },
    { opened: { key: { id: "A1", fromMe: false, remoteJid: bob.lid, ...key }, ...rest } as WAMessage },
    me,
    alsoKnown
  )
const contentOf = (message: proto.IMessage) => heard({}, { message })?.content

const person = { kind: "person", phone: "+15550002", lid: "900002" }
const own = { kind: "person", phone: "+15550001", lid: "900001" }

describe("who it is from", () => {
  it("is one person under both addresses, from the stanza or from what is known", () => {
    for (const fact of [
      heard({ remoteJidAlt: bob.phone }),
      heard({ remoteJid: bob.phone, remoteJidAlt: bob.lid }),
      heard({}, undefined, {}, () => bob.phone),
      heard({ remoteJid: "15550002:7@s.whatsapp.net" }, undefined, {}, () => bob.lid)
    ]) {
      assert.deepEqual<unknown>([fact?.chat, fact?.sender, fact?.fromMe], [person, person, false])
    }
    assert.deepEqual<unknown>(heard({})?.sender, { kind: "person", lid: "900002" })
  })

  it("is the account itself when its phone has written, and the chat is whom it wrote to", () => {
    const fact = heard({ fromMe: true, remoteJid: bob.lid }, undefined, { recipient_pn: bob.phone })
    assert.deepEqual<unknown>([fact?.chat, fact?.sender, fact?.fromMe], [person, own, true])
  })

  it("is a member, in a group", () => {
    const key = { remoteJid: "120363@g.us", participant: bob.lid, participantAlt: bob.phone }
    assert.deepEqual<unknown>(heard(key)?.chat, { kind: "group", address: "120363@g.us" })
    assert.deepEqual<unknown>(heard(key)?.sender, person)
    const byLid = heard({ remoteJid: "status@broadcast", participant: me.lid })
    assert.deepEqual<unknown>([byLid?.sender, byLid?.fromMe], [own, true])
  })

  it("is nobody when no address says who", () => {
    assert.isUndefined(heard({ remoteJid: "x@y" }))
    assert.isUndefined(heard({ remoteJid: "120363@g.us" }))
  })
})

describe("what it is called", () => {
  it("is its own name, and where that is too long, one that is the same each time", () => {
    const named = (id: string) => heard({}, undefined, { id })?.waMessageId ?? ""
    const [name, other] = [named("a".repeat(500)), named(`${"a".repeat(500)}b`)]
    assert.strictEqual(named("a".repeat(128)), "a".repeat(128))
    assert.isBelow(name.length, 128)
    assert.notStrictEqual(name, other)
    const reply = { extendedTextMessage: { text: "b", contextInfo: { stanzaId: "a".repeat(500) } } }
    assert.deepInclude(contentOf(reply), { replyTo: { waMessageId: name, fromMe: true } })
  })
})

describe("when it was sent, and who they say they are", () => {
  it("is passed on, and left out where it is nonsense", () => {
    assert.strictEqual(heard({}, undefined, { notify: "Bob" })?.sentAt, "2030-01-01T00:00:00.000Z")
    assert.strictEqual(heard({}, undefined, { notify: "B\ud800ob" })?.name, "B\ufffdob")
    assert.strictEqual(heard({}, undefined, { notify: "b".repeat(1_000) })?.name?.length, 256)
    for (const t of ["", "-1", "1e9", "999999999999", "x"]) assert.isUndefined(heard({}, undefined, { t })?.sentAt, t)
  })
})

describe("what was said", () => {
  it("is the text, and the whole of it where there is more than the text", () => {
    assert.deepEqual<unknown>(contentOf({ conversation: "hello" }), { type: "text", text: "hello" })
    const reply = { extendedTextMessage: { text: "hello", contextInfo: { stanzaId: "B2" } } }
    const content = contentOf({ ephemeralMessage: { message: reply } })
    assert.deepInclude(content, { type: "text", text: "hello" })
    assert.isTrue(content?.type === "text" && content.raw !== undefined)
    const raw = content?.type === "text" ? fromBase64url(content.raw ?? "") : new Uint8Array()
    const { ephemeralMessage } = proto.Message.decode(raw)
    assert.strictEqual(ephemeralMessage?.message?.extendedTextMessage?.contextInfo?.stanzaId, "B2")
  })

  it("is kept whole where it is of another kind, and told to be long where it is too long", () => {
    const content = contentOf({ groupInviteMessage: { groupJid: "120363@g.us", inviteCode: "abc" } })
    assert.deepInclude(content, { type: "other", name: "groupInviteMessage" })
    const raw = content?.type === "other" ? proto.Message.decode(fromBase64url(content.raw)) : undefined
    assert.strictEqual(raw?.groupInviteMessage?.inviteCode, "abc")
    const long = contentOf({ conversation: "b".repeat(400_000) })
    assert.deepEqual<unknown>(long, { type: "oversized", name: "conversation", bytes: 400_004 })
  })

  it("is told to have come when nothing opens it, and is nothing when it is between the account's own devices", () => {
    assert.deepEqual<unknown>(heard({}, stubbed)?.content, { type: "undecryptable" })
    for (const protocolMessage of [
      { appStateSyncKeyShare: { keys: [] } },
      { historySyncNotification: {} },
      { peerDataOperationRequestMessage: {} }
    ]) {
      assert.isUndefined(contentOf({ protocolMessage }))
    }
    assert.isUndefined(contentOf({ senderKeyDistributionMessage: { groupId: "120363@g.us" } }))
    assert.deepEqual<unknown>(heard({}, {})?.content, { type: "undecryptable" })
    assert.isUndefined(heard({}, { messageStubType: proto.WebMessageInfo.StubType.GROUP_CHANGE_SUBJECT }))
  })
})
