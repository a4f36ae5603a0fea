import { assert, describe, it } from "@effect/vitest"
import { proto } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { factOf } from "#infra/whatsapp/baileys/Facts.ts"
import { bob, carol, own, paired } from "#infra/whatsapp/baileys/testing/BaileysFixture.ts"
import type { IncomingMessage } from "#infra/whatsapp/simulator/IncomingMessage.ts"

/** What somebody writes who wants it to break. */

type Wrapper = "editedMessage" | "ephemeralMessage" | "viewOnceMessage"
const wrappers: ReadonlyArray<Wrapper> = ["ephemeralMessage", "viewOnceMessage", "editedMessage"]
const wrapped = (depth: number): proto.IMessage =>
  Array.from({ length: depth }).reduce<proto.IMessage>(
    (message, _, n) => ({ [wrappers[n % wrappers.length]!]: { message } }),
    { conversation: "deep inside" }
  )

const controls = "\u0000\u0007\u001b[2J\u202e\u2066\ufeff"
const keyOf = (id: string, more: proto.IMessageKey = {}): proto.IMessageKey => ({
  remoteJid: "900001@lid",
  fromMe: true,
  id,
  ...more
})
const { MESSAGE_EDIT, REVOKE } = proto.Message.ProtocolMessage.Type
const editOf = (key: proto.IMessageKey, editedMessage: proto.IMessage): proto.IMessage => ({
  protocolMessage: { type: MESSAGE_EDIT, key, editedMessage }
})

/** By what each is told as. */
const hostile: ReadonlyArray<readonly [kind: string | RegExp, proto.IMessage]> = [
  [/./, wrapped(50)],
  [/./, editOf(keyOf("NONE"), wrapped(50))],
  [/./, editOf(keyOf("NONE"), editOf(keyOf("NONE"), editOf(keyOf("NONE"), { conversation: "said" })))],
  ["image", { imageMessage: { caption: `${controls}${"x".repeat(60_000)}` } }],
  [/./, { documentMessage: { fileName: `../../${controls}${"y".repeat(60_000)}`, mimetype: "z".repeat(60_000) } }],
  ["reaction", { reactionMessage: { key: keyOf("NONE"), text: "👍".repeat(5_000) } }],
  [/./, { reactionMessage: { text: "to nothing" } }],
  [/./, { reactionMessage: { key: { id: "" }, text: "to nobody's" } }],
  ["deletion", { protocolMessage: { type: REVOKE, key: keyOf("NOT YET") } }],
  [/./, { protocolMessage: { type: REVOKE, key: keyOf("z".repeat(60_000)) } }],
  [/./, { pollUpdateMessage: { pollCreationMessageKey: keyOf("NONE"), vote: { encPayload: new Uint8Array(3) } } }],
  ["location", { locationMessage: { degreesLatitude: Number.NaN, degreesLongitude: 1e308 } }]
].map(([kind, message]) => [kind as string | RegExp, message as proto.IMessage])

const matches = (kind: string | RegExp, told: string) =>
  typeof kind === "string" ? told === kind || told === "other" : kind.test(told)

describe("what is written to break something", () => {
  it.live("is told, each once, and what is written behind it is as well", () =>
    Effect.gen(function* () {
      const { hears, simulator } = yield* paired()
      const says = (message: object) =>
        Effect.promise(() => simulator.sendIncoming({ from: bob, to: own, ...message } as IncomingMessage))
      for (const [kind, message] of hostile) {
        const content = JSON.parse(JSON.stringify(proto.Message.fromObject(message)))
        const id = yield* says({ kind: "protocol", content })
        const { heard } = yield* hears("Heard")
        assert.strictEqual(heard.waMessageId, id)
        assert.isTrue(matches(kind, heard.content.type), `${kind}: ${heard.content.type}`)
      }
      yield* says({ text: "and now" })
      assert.deepInclude((yield* hears("Heard")).heard.content, { type: "text", text: "and now" })
    })
  )

  it.live("under an id that somebody else has used is told as what it is, of whom it is", () =>
    Effect.gen(function* () {
      const { hears, simulator } = yield* paired({ contacts: [bob, carol] })
      for (const from of [bob, carol]) {
        const message = { from, to: own, text: `from ${from}`, waMessageId: "THE SAME" }
        yield* Effect.promise(() => simulator.sendIncoming(message))
        const { heard } = yield* hears("Heard")
        assert.strictEqual<string | undefined>(heard.sender.phone, `+${from}`)
        assert.deepInclude(heard.content, { text: `from ${from}` })
      }
    })
  )

  it("has no longer a name than there is room for, and none that is no text", () => {
    for (const notify of ["n".repeat(100_000), `${"n".repeat(255)}😀`, "\ud800".repeat(1_000), controls]) {
      const opened = { key: { id: "A1", fromMe: false, remoteJid: "900002@lid" }, message: { conversation: "hello" } }
      const stanza = { tag: "message", attrs: { id: "A1", from: "900002@lid", notify } }
      const fact = factOf(stanza, { opened }, { id: "15550001:3@s.whatsapp.net" }, () => undefined)
      assert.isDefined(fact)
      assert.isAtMost(fact!.name!.length, 256)
      assert.isTrue(fact!.name!.isWellFormed())
    }
  })
})
