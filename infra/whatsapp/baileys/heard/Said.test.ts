import { assert, describe, it } from "@effect/vitest"
import type { proto } from "@whiskeysockets/baileys"
import { bob, fromBob, fromMe, inGroup, shown, told } from "./testing/Telling.ts"

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
  it("fits the way to the gateway, whichever characters it is made of", () => {
    for (const text of ["\u0001", "字", "𝄞", '"', "a"].map((one) => one.repeat(60_000))) {
      const mixed = `${"\u0001".repeat(38_000)}${text.slice(0, 19_800)}`
      for (const said of [text, mixed]) {
        const content = told({
          extendedTextMessage: { text: said, contextInfo: { isForwarded: true, forwardingScore: 1 } }
        })
        assert.isAtMost(Buffer.byteLength(JSON.stringify(content)), 380_000)
      }
    }
  })

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
