import { assert, describe, it } from "@effect/vitest"
import { proto } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { factOf } from "#infra/whatsapp/baileys/Facts.ts"
import { bob, own, paired } from "#infra/whatsapp/baileys/testing/BaileysFixture.ts"
import { dice } from "../crash/Dice.ts"
import { messages } from "./Messages.ts"

const me = { id: "15550001:3@s.whatsapp.net", lid: "900001:3@lid" }
/** What is said to devices, and to nobody. */
const isSilent = (message: proto.IMessage): boolean => {
  const said = Object.entries(message).filter(
    ([name]) => !/^(messageContextInfo|.*enderKeyDistributionMessage)$/.test(name)
  )
  return said.length === 0
}

describe("odd messages", () => {
  it("are each told, whatever is in them", () => {
    const make = messages(dice(7))
    const kinds = new Map<string, number>()
    for (let n = 0; n < 2_000; n++) {
      const { encoded } = make()
      const message = proto.Message.decode(encoded)
      const opened = { key: { id: `A${n}`, fromMe: false, remoteJid: "900002@lid" }, message }
      const stanza = { tag: "message", attrs: { id: `A${n}`, from: "900002@lid", t: "1893456000" } }
      const fact = factOf(stanza, { opened, encoded, secrets: [new Uint8Array(32)] }, me, () => undefined)
      const kind = fact?.content.type ?? "none"
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
      if (fact === undefined) assert.isTrue(isSilent(message), JSON.stringify(message))
    }
    for (const kind of ["text", "image", "edit", "deletion", "reaction", "vote", "timer", "other"]) {
      assert.isAbove(kinds.get(kind) ?? 0, 0, kind)
    }
  })

  it.live("come whole and in order from a real session", () =>
    Effect.gen(function* () {
      const { hears, simulator } = yield* paired()
      const make = messages(dice(11))
      const seen = new Set<string>()
      for (let n = 0; n < 80; n++) {
        const content = JSON.parse(JSON.stringify(proto.Message.decode(make().encoded)))
        const said = { kind: "protocol", from: bob, to: own, content } as const
        const id = yield* Effect.promise(() => simulator.sendIncoming(said))
        if (isSilent(proto.Message.fromObject(content))) continue
        while (!seen.has(id)) seen.add((yield* hears("Heard")).heard.waMessageId)
      }
      assert.isAbove(seen.size, 60)
    })
  )
})
