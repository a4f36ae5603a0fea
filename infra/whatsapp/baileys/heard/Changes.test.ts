import { createCipheriv, createHash, hkdfSync } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { proto } from "@whiskeysockets/baileys"
import { fromBase64url, utf8 } from "#domain/Bytes.ts"
import { secretNeededBy } from "./Secretly.ts"
import { bob, carol, fromBob, fromMe, inGroup, shown, Type, told } from "./testing/Telling.ts"
import type { Whereabouts } from "./Whereabouts.ts"

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
    // and what it is not
    const garbage = encrypted(Uint8Array.of(0xff), "Message Edit", "900002@lid", "900002@lid")
    const secretEncryptedMessage = { targetMessageKey: { id: "A1", fromMe: true }, secretEncType: 2, ...garbage }
    const content = told({ secretEncryptedMessage }, fromBob, [secret])
    assert.deepInclude(content, { type: "other", name: "secretEncryptedMessage" })
  })
})
