import { createHash } from "node:crypto"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { decryptPollVote, normalizeMessageContent, proto, type WAMessage, type WASocket } from "@whiskeysockets/baileys"
import type { IncomingMessage } from "./IncomingMessage.ts"
import { type Simulator, startSimulator } from "./Simulator.ts"
import { hearing, jidOf, next, pair, send } from "./testing/TestClient.ts"

const account = "15550001"
const contact = "15550002"
const lid = (number: string) => `1${number.padStart(14, "0")}@lid`
const { Type } = proto.Message.ProtocolMessage

/** What is said, beside who says it. */
type Said = IncomingMessage extends infer One ? (One extends IncomingMessage ? Omit<One, "from" | "to"> : never) : never

describe("what contacts send", () => {
  let simulator: Simulator
  let socket: WASocket
  let nth = 0

  /** Sends it and waits for it. */
  const said = async (message: Said): Promise<WAMessage> => {
    const waMessageId = message.waMessageId ?? `3A${String(++nth).padStart(18, "0")}`
    const heard = hearing(socket, waMessageId)
    await simulator.sendIncoming({ from: contact, to: account, ...message, waMessageId } as IncomingMessage)
    return heard
  }
  const updated = (id: string) =>
    next(socket, "messages.update", (updates) => updates.find(({ key }) => key.id === id)?.update)

  beforeAll(async () => {
    simulator = await startSimulator({ contacts: [contact] })
    ;({ socket } = await pair(simulator.url, (qr) => simulator.scanQr(qr, account)))
  })
  afterAll(async () => {
    socket.end(undefined)
    await simulator.close()
  })

  it("a text, by LID or by phone, of a time of its own", async () => {
    const byLid = await said({ text: "hello", at: 1_700_000_000 })
    assert.deepInclude(byLid.key, { remoteJid: lid(contact), remoteJidAlt: jidOf(contact), fromMe: false })
    assert.strictEqual(Number(byLid.messageTimestamp), 1_700_000_000)
    const byPhone = await said({ text: "hello", addressing: "pn" })
    assert.deepInclude(byPhone.key, { remoteJid: jidOf(contact), remoteJidAlt: lid(contact) })
    assert.strictEqual(byPhone.message?.conversation, "hello")
  })

  for (const wrapped of [false, true]) {
    it(`an edit${wrapped ? ", wrapped" : ""}`, async () => {
      const { key } = await said({ text: "helo" })
      const update = updated(key.id!)
      const edit = await said({ kind: "edit", of: key.id!, text: "hello", wrapped })
      assert.strictEqual(edit.message?.editedMessage !== undefined && edit.message.editedMessage !== null, wrapped)
      const protocol = normalizeMessageContent(edit.message)?.protocolMessage
      assert.deepInclude(protocol, { type: Type.MESSAGE_EDIT })
      assert.strictEqual(protocol?.key?.id, key.id)
      assert.strictEqual((await update).message?.editedMessage?.message?.conversation, "hello")
    })
  }

  it("an edit of a caption, which stays with its file", async () => {
    const { key, message } = await said({ kind: "image", caption: "a bot" })
    const edit = await said({ kind: "edit", of: key.id!, text: "a boat" })
    const edited = edit.message?.protocolMessage?.editedMessage?.imageMessage
    assert.strictEqual(edited?.caption, "a boat")
    assert.deepStrictEqual(edited?.mediaKey, message?.imageMessage?.mediaKey)
  })

  it("a deletion", async () => {
    const { key } = await said({ text: "never mind" })
    const update = updated(key.id!)
    await said({ kind: "delete", of: key.id! })
    assert.deepInclude(await update, { message: null, messageStubType: proto.WebMessageInfo.StubType.REVOKE })
  })

  it("a reaction to the account's message and to the contact's own, and its end", async () => {
    await send(socket, contact, "from the account", "REACTED1")
    const { key } = await said({ text: "from the contact" })
    for (const [of, fromMe] of [
      ["REACTED1", true],
      [key.id!, false]
    ] as const) {
      const event = next(socket, "messages.reaction", ([one]) => one)
      const reaction = await said({ kind: "reaction", of, text: "👍" })
      assert.deepInclude(reaction.message?.reactionMessage, { text: "👍" })
      assert.deepInclude((await event).key, { id: of, fromMe, remoteJid: lid(contact) })
      assert.strictEqual((await said({ kind: "reaction", of, text: "" })).message?.reactionMessage?.text, "")
    }
  })

  it("a poll and a vote, which opens with the poll's secret, and its end", async () => {
    const poll = await said({ kind: "poll", name: "when", options: ["today", "tomorrow"] })
    assert.strictEqual(poll.message?.pollCreationMessageV3?.name, "when")
    for (const options of [["tomorrow"], []]) {
      const vote = await said({ kind: "vote", of: poll.key.id!, options })
      const update = vote.message!.pollUpdateMessage!
      assert.strictEqual(update.pollCreationMessageKey?.id, poll.key.id)
      const opened = decryptPollVote(update.vote!, {
        pollEncKey: poll.message!.messageContextInfo!.messageSecret!,
        pollCreatorJid: lid(contact),
        pollMsgId: poll.key.id!,
        voterJid: lid(contact)
      })
      const chosen = opened.selectedOptions?.map((one) => Buffer.from(one).toString("hex"))
      assert.deepStrictEqual(
        chosen,
        options.map((option) => createHash("sha256").update(option).digest("hex"))
      )
    }
  })

  it("a vote in a poll of the account's", async () => {
    const message = { poll: { name: "where", values: ["here", "there"] } }
    const sent = await socket.sendMessage(jidOf(contact), message, { messageId: "POLL1" })
    await simulator.record.until(({ kind, waMessageId }) => kind === "delivered" && waMessageId === "POLL1")
    const vote = await said({ kind: "vote", of: "POLL1", options: ["here"] })
    const opened = decryptPollVote(vote.message!.pollUpdateMessage!.vote!, {
      pollEncKey: sent!.message!.messageContextInfo!.messageSecret!,
      pollCreatorJid: lid(account),
      pollMsgId: "POLL1",
      voterJid: lid(contact)
    })
    assert.lengthOf(opened.selectedOptions!, 1)
    assert.isTrue(vote.message!.pollUpdateMessage!.pollCreationMessageKey!.fromMe)
  })

  it("no vote in a poll that nobody has seen", async () => {
    const refused = await said({ kind: "vote", of: "NOWHERE", options: [] }).catch(String)
    assert.strictEqual(refused, "Error: no such poll")
  })

  it("a pin, and its end", async () => {
    const { key } = await said({ text: "the address" })
    const pinned = await said({ kind: "pin", of: key.id!, seconds: 86_400 })
    assert.deepInclude(pinned.message?.pinInChatMessage, { type: proto.Message.PinInChatMessage.Type.PIN_FOR_ALL })
    assert.strictEqual(pinned.message?.messageContextInfo?.messageAddOnDurationInSecs, 86_400)
    assert.strictEqual(pinned.message?.pinInChatMessage?.key?.id, key.id)
    const taken = await said({ kind: "pin", of: key.id!, seconds: 0 })
    assert.strictEqual(taken.message?.pinInChatMessage?.type, proto.Message.PinInChatMessage.Type.UNPIN_FOR_ALL)
  })

  it("files, with all that is said of them", async () => {
    const sha256 = "ab".repeat(32)
    const about = { mimetype: "image/png", size: 5_000_000, sha256 }
    const { message } = await said({ kind: "image", caption: "the boiler", ...about })
    const image = message!.imageMessage!
    assert.deepInclude(image, { caption: "the boiler", mimetype: "image/png" })
    assert.strictEqual(Number(image.fileLength), about.size)
    assert.strictEqual(Buffer.from(image.fileSha256!).toString("hex"), sha256)
    assert.lengthOf(image.mediaKey!, 32)
    assert.match(image.directPath!, /^\/simulated\//)

    const audio = await said({ kind: "audio", voice: true, seconds: 7 })
    assert.deepInclude(audio.message?.audioMessage, { ptt: true, seconds: 7 })
    const document = await said({ kind: "document", fileName: "bill.pdf", caption: "the bill" })
    const inner = document.message?.documentWithCaptionMessage?.message?.documentMessage
    assert.deepInclude(inner, { fileName: "bill.pdf", caption: "the bill" })
    const plain = await said({ kind: "document", fileName: "bill.pdf" })
    assert.strictEqual(plain.message?.documentMessage?.fileName, "bill.pdf")
    const video = await said({ kind: "video", viewOnce: true })
    assert.isTrue(video.message?.viewOnceMessageV2?.message?.videoMessage?.viewOnce)
    assert.strictEqual((await said({ kind: "sticker" })).message?.stickerMessage?.mimetype, "image/webp")
  })

  it("a place, a card, and whatever else the protocol has", async () => {
    const place = await said({ kind: "location", latitude: 52.5, longitude: 13.4, name: "here" })
    assert.deepInclude(place.message?.locationMessage, { degreesLatitude: 52.5, degreesLongitude: 13.4, name: "here" })
    const card = await said({ kind: "contact", name: "Ann", vcard: "BEGIN:VCARD\nEND:VCARD" })
    assert.deepInclude(card.message?.contactMessage, { displayName: "Ann", vcard: "BEGIN:VCARD\nEND:VCARD" })
    const other = await said({ kind: "protocol", content: { groupInviteMessage: { groupName: "us" } } })
    assert.strictEqual(other.message?.groupInviteMessage?.groupName, "us")
  })

  it("an answer that mentions, in a text and beside a wrapped file", async () => {
    await send(socket, contact, "a question", "QUOTED1")
    const answers = [
      (await said({ text: "yes", quotes: "QUOTED1", mentions: [account] })).message?.extendedTextMessage?.contextInfo,
      (await said({ kind: "document", caption: "yes", quotes: "QUOTED1", mentions: [account] })).message
        ?.documentWithCaptionMessage?.message?.documentMessage?.contextInfo
    ]
    for (const context of answers) {
      assert.deepInclude(context, { stanzaId: "QUOTED1", participant: lid(account), mentionedJid: [lid(account)] })
      const quoted = context?.quotedMessage
      assert.strictEqual(quoted?.conversation || quoted?.extendedTextMessage?.text, "a question")
    }
  })

  for (const addressing of ["lid", "pn"] as const) {
    it(`from the account's own phone, addressed by ${addressing}`, async () => {
      const [here, other] = addressing === "lid" ? [lid(contact), jidOf(contact)] : [jidOf(contact), lid(contact)]
      const heard = await said({ from: account, chat: contact, text: "from my phone", addressing } as Said)
      assert.deepInclude(heard.key, { remoteJid: here, remoteJidAlt: other, fromMe: true })
      assert.strictEqual(heard.message?.conversation, "from my phone")
      const id = heard.key.id!
      const taken = await simulator.record.until((seen) => seen.kind === "client-receipt" && seen.waMessageId === id)
      assert.strictEqual(taken.detail, "sender")
      const update = updated(id)
      await said({ from: account, chat: contact, kind: "delete", of: id, addressing } as Said)
      assert.strictEqual((await update).message, null)
      assert.strictEqual(await send(socket, contact, "still understood", `OWN${addressing}`), "acked")
      await simulator.record.until(
        ({ kind, waMessageId }) => kind === "delivered" && waMessageId === `OWN${addressing}`
      )
    })
  }

  it("a call, taken back or not answered", async () => {
    const called = (status: string) => next(socket, "call", ([call]) => (call?.status === status ? call : undefined))
    const offered = called("offer")
    const callId = await simulator.sendIncoming({
      kind: "call",
      from: contact,
      to: account,
      state: "offer",
      video: true
    })
    const facts = { id: callId, isVideo: true, isGroup: false, from: lid(contact), callerPn: jidOf(contact) }
    assert.deepInclude(await offered, facts)
    const ended = called("terminate")
    await simulator.sendIncoming({ kind: "call", from: contact, to: account, state: "terminate", callId })
    assert.deepInclude(await ended, { id: callId, isVideo: true })
    await simulator.record.until(({ detail, kind }) => kind === "client-ack" && detail === "call")

    const missedId = await simulator.sendIncoming({ kind: "call", from: contact, to: account, state: "offer" })
    const missed = hearing(socket, missedId)
    await simulator.sendIncoming({ kind: "call", from: contact, to: account, state: "timeout", callId: missedId })
    assert.strictEqual((await missed).messageStubType, proto.WebMessageInfo.StubType.CALL_MISSED_VOICE)
  })

  it("what this device does not get", async () => {
    const hidden = hearing(socket, "ONCE1")
    const facts = { from: contact, to: account, waMessageId: "ONCE1", type: "view_once" }
    await simulator.sendIncoming({ kind: "unavailable", ...facts })
    assert.isTrue((await hidden).key.isViewOnce)
    const absent = hearing(socket, "ABSENT1")
    await simulator.sendIncoming({ kind: "unavailable", from: contact, to: account, waMessageId: "ABSENT1" })
    assert.deepStrictEqual((await absent).messageStubParameters, ["Message absent from node"])
  })

  it("is recorded with what was said, to which device it went and what the client answered", async () => {
    const { key } = await said({ kind: "location", latitude: 1, longitude: 2 })
    const of = (kind: string) => simulator.record.until((seen) => seen.kind === kind && seen.waMessageId === key.id)
    assert.deepInclude(await of("incoming"), { account, contact })
    assert.deepStrictEqual((await of("incoming")).content, {
      locationMessage: { degreesLatitude: 1, degreesLongitude: 2 }
    })
    assert.deepInclude(await of("handed"), { account, device: 1, detail: "message" })
    assert.deepInclude(await of("client-receipt"), { account, device: 1, detail: "inactive" })
  })
})
