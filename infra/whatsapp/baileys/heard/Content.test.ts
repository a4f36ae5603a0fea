import { createCipheriv, createHash, hkdfSync } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { proto } from "@whiskeysockets/baileys"
import { fromBase64url, utf8 } from "#domain/Bytes.ts"
import { gistOf } from "#domain/inbound/Gist.ts"
import type { HeardContent } from "#domain/inbound/Heard.ts"
import { contentOf } from "./Content.ts"
import { encodedOf } from "./Encoded.ts"
import { personOf, placeOf } from "./People.ts"
import { secretNeededBy } from "./Secretly.ts"
import type { Whereabouts } from "./Whereabouts.ts"

const own = personOf("15550001@s.whatsapp.net", "900001@lid")!
const bob = personOf("15550002@s.whatsapp.net", "900002@lid")!
const carol = personOf("15550003@s.whatsapp.net", "900003@lid")!
const { Type } = proto.Message.ProtocolMessage
const nobody = { own, alsoKnown: () => undefined, byAdmin: false }

/** Bob to the account, the account from its phone to Bob, and Bob in a group. */
const fromBob: Whereabouts = { ...nobody, chat: bob, sender: bob, fromMe: false }
const fromMe: Whereabouts = { ...nobody, chat: bob, sender: own, fromMe: true }
const inGroup: Whereabouts = { ...nobody, chat: placeOf("120363@g.us"), sender: bob, fromMe: false }

const told = (message: proto.IMessage, where = fromBob, secrets: ReadonlyArray<Uint8Array> = []) =>
  contentOf(message, where, { secrets })
const shown = (message: proto.IMessage, where?: Whereabouts) => {
  const { raw: _, ...rest } = (told(message, where) ?? {}) as HeardContent & { readonly raw?: string }
  return rest as object
}
const wrappers = [
  "ephemeralMessage",
  "viewOnceMessage",
  "viewOnceMessageV2",
  "viewOnceMessageV2Extension",
  "documentWithCaptionMessage",
  "associatedChildMessage",
  "groupStatusMessage",
  "groupStatusMessageV2",
  "groupMentionedMessage",
  "botInvokeMessage"
] as const

describe("what is said", () => {
  it("is the same within whatever it is wrapped in, and is looked at once where one of the wrappers says so", () => {
    for (const wrapper of wrappers) {
      const content = shown({
        ephemeralMessage: { message: { [wrapper]: { message: { imageMessage: { caption: "a" } } } } }
      })
      const viewOnce = wrapper.startsWith("viewOnce")
      assert.deepEqual(content, { type: "image", caption: "a", ...(viewOnce && { viewOnce }) }, wrapper)
    }
    assert.deepEqual(shown({ audioMessage: { viewOnce: true } }), { type: "audio", viewOnce: true })
    const sent = { deviceSentMessage: { destinationJid: "900002@lid", message: { conversation: "a" } } }
    assert.deepInclude(shown(sent, fromMe), { type: "text", text: "a" })
    assert.deepEqual(shown({ lottieStickerMessage: { message: { stickerMessage: { isLottie: true } } } }), {
      type: "sticker",
      isAnimated: true
    })
  })

  it("is a poll in each of its versions", () => {
    const poll = { name: "When?", options: [{ optionName: "now" }], selectableOptionsCount: 0 }
    const content = { type: "poll", question: "When?", options: ["now"] }
    for (const version of ["", "V2", "V3", "V5"]) {
      assert.deepEqual(shown({ [`pollCreationMessage${version}`]: poll }), content, version)
    }
    assert.deepEqual(shown({ pollCreationMessageV4: { message: { pollCreationMessageV3: poll } } }), content)
  })

  it("is places that move, cards, and films that go round", () => {
    const place = { degreesLatitude: 1.5, degreesLongitude: -2 }
    assert.deepEqual(shown({ liveLocationMessage: { ...place, caption: "here" } }), {
      type: "location",
      latitude: 1.5,
      longitude: -2,
      name: "here",
      isLive: true
    })
    const contacts = [{ displayName: "Ada", vcard: "v" }, { vcard: "w" }]
    assert.deepEqual(shown({ contactsArrayMessage: { contacts } }), {
      type: "contacts",
      cards: [
        { name: "Ada", vcard: "v" },
        { name: "", vcard: "w" }
      ]
    })
    assert.deepEqual(shown({ videoMessage: { gifPlayback: true, height: 2, width: 3, fileLength: 5 } }), {
      type: "video",
      bytes: 5,
      height: 2,
      width: 3,
      isLoop: true
    })
  })

  it("says what it replies to, also elsewhere, whom it names and how often it was forwarded", () => {
    const saying = (contextInfo: proto.IContextInfo, where = fromBob) =>
      shown({ extendedTextMessage: { text: "a", contextInfo } }, where)
    const reply = { stanzaId: "A1" }
    for (const [where, participant, expected] of [
      [fromBob, "900001:3@lid", { fromMe: true }],
      [fromBob, "15550001@s.whatsapp.net", { fromMe: true }],
      [fromBob, "900002@lid", { fromMe: false, sender: { kind: "person", lid: "900002" } }],
      // between two, it is the other's that is not said to be anybody's
      [fromBob, undefined, { fromMe: true }],
      [fromMe, undefined, { fromMe: false, sender: bob }],
      [inGroup, undefined, { fromMe: false }]
    ] as const) {
      const { replyTo } = saying({ ...reply, ...(participant && { participant }) }, where) as { replyTo: object }
      assert.deepEqual<object>(replyTo, { waMessageId: "A1", ...expected })
    }
    // a person's chat has another address for each of the two
    const here = saying({ ...reply, participant: "900001@lid", remoteJid: "900001@lid" })
    assert.deepInclude(here, { replyTo: { waMessageId: "A1", fromMe: true } })
    assert.deepInclude(saying({ ...reply, participant: "900001@lid", remoteJid: "status@broadcast" }), {
      replyTo: { waMessageId: "A1", fromMe: true, place: { kind: "broadcast", address: "status@broadcast" } }
    })
    assert.notProperty(saying({ participant: "900001@lid" }), "replyTo")
    assert.deepEqual(saying({ mentionedJid: ["900003@lid", "x@y", "15550003@s.whatsapp.net"], isForwarded: true }), {
      type: "text",
      text: "a",
      mentions: [
        { kind: "person", lid: "900003" },
        { kind: "person", phone: "+15550003" }
      ],
      forwards: 1
    })
    assert.deepInclude(saying({ forwardingScore: 127, isForwarded: true }), { forwards: 127 })
  })
})

describe("what is done", () => {
  const key = (fromMe: boolean, participant?: string) => ({
    id: "A1",
    fromMe,
    remoteJid: "x",
    ...(participant && { participant })
  })
  const revoke = (of: proto.IMessageKey) => ({ protocolMessage: { type: Type.REVOKE, key: of } })
  const mine = { waMessageId: "A1", fromMe: true }
  const bobs = { waMessageId: "A1", fromMe: false, sender: bob }

  it("is done to whose message it is as the account sees it, not as its sender does", () => {
    const reacting = (of: proto.IMessageKey, where: Whereabouts) =>
      (told({ reactionMessage: { key: of, text: "👍" } }, where) as { target?: object }).target
    const withLid = (lid: string) => ({ kind: "person", lid })
    for (const [of, where, target] of [
      [key(true), fromBob, bobs],
      [key(false), fromBob, mine],
      [key(true), fromMe, mine],
      [key(false), fromMe, bobs],
      [key(true), inGroup, bobs],
      [key(false, "900001@lid"), inGroup, mine],
      [key(false, "900003@lid"), inGroup, { ...bobs, sender: withLid("900003") }]
    ] as const) {
      const { remoteJid: _, ...rest } = of
      assert.deepEqual<unknown>(reacting({ ...rest, remoteJid: "900001@lid" }, where), target)
    }
  })

  it("is a deletion by whoever said it, or by an administrator of the group if the server says so", () => {
    const admin = { ...inGroup, byAdmin: true }
    const ofMine = key(false, "15550001@s.whatsapp.net")
    assert.deepEqual<unknown>(told(revoke({ id: "A1", fromMe: true }), fromBob), { type: "deletion", target: bobs })
    assert.deepEqual<unknown>(told(revoke({ id: "A1", fromMe: true }), fromMe), { type: "deletion", target: mine })
    assert.deepEqual<unknown>(told(revoke({ ...ofMine, remoteJid: "120363@g.us" }), admin), {
      type: "deletion",
      target: mine,
      byAdmin: true
    })
    const forged = [
      [revoke({ id: "A1", fromMe: false }), fromBob],
      [revoke({ id: "A1", fromMe: false }), { ...fromBob, byAdmin: true }],
      [revoke({ ...ofMine, remoteJid: "120363@g.us" }), inGroup],
      [revoke({ fromMe: true }), fromBob],
      [
        { protocolMessage: { type: Type.MESSAGE_EDIT, key: { id: "A1" }, editedMessage: { conversation: "a" } } },
        fromBob
      ],
      [{ protocolMessage: { type: Type.MESSAGE_EDIT, key: { id: "A1", fromMe: true } } }, fromBob]
    ] as const
    for (const [message, where] of forged)
      assert.deepEqual(shown(message, where), { type: "other", name: "protocolMessage" })
  })

  it("is opened with the secret of the message, by whichever of their addresses its sender went", () => {
    const secret = new Uint8Array(32).fill(7)
    const encrypted = (plain: Uint8Array, use: string, author: string, speaker: string, beside = "") => {
      const encKey = hkdfSync("sha256", secret, "", `A1${author}${speaker}${use}`, 32)
      const encIv = new Uint8Array(12).fill(1)
      const cipher = createCipheriv("aes-256-gcm", new Uint8Array(encKey), encIv)
      if (beside) cipher.setAAD(utf8(beside))
      return { encIv, encPayload: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) }
    }
    const option = createHash("sha256").update("now").digest()
    const plain = proto.Message.PollVoteMessage.encode({ selectedOptions: [option] }).finish()
    const chosen = [option.toString("base64url")]
    for (const author of ["900001@lid", "15550001@s.whatsapp.net"]) {
      for (const speaker of ["900002@lid", "15550002@s.whatsapp.net"]) {
        const vote = encrypted(plain, "Poll Vote", author, speaker, `A1\0${speaker}`)
        const message = { pollUpdateMessage: { pollCreationMessageKey: { id: "A1", fromMe: false }, vote } }
        assert.strictEqual(secretNeededBy(message), "A1")
        assert.deepInclude(told(message, fromBob, [new Uint8Array(32), secret]), { type: "vote", target: mine, chosen })
        const closed = told(message, fromBob, [new Uint8Array(32)])
        assert.notProperty(closed, "chosen")
        assert.deepEqual<unknown>(
          proto.Message.decode(fromBase64url((closed as { raw: string }).raw)).pollUpdateMessage?.vote?.encPayload,
          Buffer.from(vote.encPayload)
        )
        assert.notProperty(told(message, { ...inGroup, sender: carol }, [secret]), "chosen")
      }
    }
    // the new content alone, as well as an edit as it was before
    for (const inner of [
      { conversation: "b" },
      {
        protocolMessage: {
          type: Type.MESSAGE_EDIT,
          key: { id: "A1", fromMe: true },
          editedMessage: { conversation: "b" }
        }
      }
    ]) {
      const sealed = encrypted(proto.Message.encode(inner).finish(), "Message Edit", "900002@lid", "900002@lid")
      const secretEncryptedMessage = { targetMessageKey: { id: "A1", fromMe: true }, secretEncType: 2, ...sealed }
      assert.deepEqual<unknown>(told({ secretEncryptedMessage }, fromBob, [secret]), {
        type: "edit",
        target: bobs,
        content: { type: "text", text: "b" }
      })
    }
  })
})

describe("what there are no words for", () => {
  it("is told whole: kinds of WhatsApp's, what is too much for its words, and what nobody here has heard of", () => {
    const other = (name: string) => ({ type: "other", name })
    assert.deepEqual(shown({ callLogMesssage: { isVideo: true } }), other("callLogMesssage"))
    assert.deepEqual(shown({ messageHistoryBundle: { mimetype: "a" } }), other("messageHistoryBundle"))
    assert.deepEqual(shown({ locationMessage: { degreesLatitude: Number.NaN } }), other("locationMessage"))
    const options = Array.from({ length: 65 }, (_, n) => ({ optionName: `${n}` }))
    assert.deepEqual(shown({ pollCreationMessage: { name: "a", options } }), other("pollCreationMessage"))
    assert.deepEqual(shown({ reactionMessage: { text: "a".repeat(65), key: { id: "A" } } }), other("reactionMessage"))
    assert.deepEqual(shown({ keepInChatMessage: { key: { id: "A" } } }), other("keepInChatMessage"))
    const newer = Uint8Array.of(0xfa, 0x7f, 2, 8, 1) // a field of the number 2,047
    assert.deepEqual<unknown>(contentOf(proto.Message.decode(newer), fromBob, { encoded: newer }), {
      type: "other",
      name: "unknown",
      raw: Buffer.from(newer).toString("base64url")
    })
  })

  it("is nothing where it is said to devices alone", () => {
    const handout = {
      senderKeyDistributionMessage: { groupId: "120363@g.us", axolotlSenderKeyDistributionMessage: Uint8Array.of(1) }
    }
    assert.isUndefined(told({ ...handout, messageContextInfo: { messageSecret: new Uint8Array(32) } }))
    assert.isUndefined(told({}))
    assert.isUndefined(told({ protocolMessage: { lidMigrationMappingSyncMessage: {} } }))
  })

  it("is told as it came, without what its own device put around it, and without the group's key", () => {
    const image = { imageMessage: { caption: "a" } }
    const [said, handout] = [image, { senderKeyDistributionMessage: { groupId: "120363@g.us" } }].map((message) =>
      proto.Message.encode(message).finish()
    ) as [Uint8Array, Uint8Array]
    const newer = Uint8Array.of(0xfa, 0x7f, 2, 8, 1)
    const around = proto.Message.encode({
      deviceSentMessage: { destinationJid: "900002@lid", message: image }
    }).finish()
    assert.deepEqual([...encodedOf([Buffer.concat([handout, said, newer])])!], [...said, ...newer])
    assert.deepEqual([...encodedOf([handout, said])!], [...said])
    assert.deepEqual([...encodedOf([around])!], [...said])
    assert.isUndefined(encodedOf([Uint8Array.of(0xff)]))
  })

  it("is told to be long, or without what it was encoded as where it is a text", () => {
    const long = "b".repeat(100_000)
    assert.deepInclude(shown({ templateMessage: { templateId: long } }), { type: "oversized", name: "templateMessage" })
    const text = { text: "a".repeat(60_000), contextInfo: { quotedMessage: { conversation: long } } }
    assert.deepEqual<unknown>(told({ extendedTextMessage: text }), { type: "text", text: text.text })
  })
})

describe("the gist of it", () => {
  it("is the same however it comes, and another where it says something else", () => {
    const gist = (message: proto.IMessage, where?: Whereabouts) => gistOf(told(message, where)!)
    const file = { caption: "a", fileSha256: Uint8Array.of(1) }
    assert.deepEqual(
      gist({
        imageMessage: { ...file, jpegThumbnail: Uint8Array.of(2) },
        messageContextInfo: { messageSecret: new Uint8Array(32) }
      }),
      gist({
        viewOnceMessage: { message: { imageMessage: { ...file, directPath: "/x", contextInfo: { expiration: 5 } } } }
      })
    )
    assert.notDeepEqual(gist({ imageMessage: file }), gist({ imageMessage: { ...file, caption: "b" } }))
    assert.deepEqual(
      gist({ conversation: "a" }),
      gist({ extendedTextMessage: { text: "a", contextInfo: { stanzaId: "A" } } })
    )
    const edit = (text: string, where: Whereabouts) =>
      gist(
        {
          protocolMessage: {
            type: Type.MESSAGE_EDIT,
            key: { id: "A1", fromMe: true },
            editedMessage: { conversation: text }
          }
        },
        where
      )
    const unnamed = { ...fromBob, sender: { kind: "person", lid: bob.lid! } as const }
    assert.deepEqual(edit("a", fromBob), edit("a", unnamed))
    assert.notDeepEqual(edit("a", fromBob), edit("b", fromBob))
    assert.deepEqual(gist({ templateMessage: { templateId: "a" } }), { type: "other", name: "templateMessage" })
  })
})
