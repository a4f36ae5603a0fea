import { assert, describe, it } from "@effect/vitest"
import { proto } from "@whiskeysockets/baileys"
import { gistOf } from "#domain/inbound/Gist.ts"
import { contentOf } from "./Content.ts"
import { encodedOf } from "./Encoded.ts"
import { bob, fromBob, shown, Type, told } from "./testing/Telling.ts"
import type { Whereabouts } from "./Whereabouts.ts"

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
