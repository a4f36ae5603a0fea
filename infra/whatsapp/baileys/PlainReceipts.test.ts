import { EventEmitter } from "node:events"
import { assert, it } from "@effect/vitest"
import type { BinaryNode } from "@whiskeysockets/baileys"
import { answerPlainReceipts } from "./PlainReceipts.ts"

const receipt = (id: string, type?: string): BinaryNode => ({
  tag: "receipt",
  attrs: { id, from: "15550002@s.whatsapp.net", t: "1900000000", ...(type !== undefined && { type }) }
})

it("a receipt that asks for nothing is acknowledged, and only one that asks reaches Baileys", async () => {
  const ws = new EventEmitter()
  const [heard, sent]: Array<Array<unknown>> = [[], []]
  ws.on("CB:receipt", ({ attrs }: BinaryNode) => heard!.push(attrs.id))
  const sendNode = async ({ attrs, tag }: BinaryNode) => {
    sent!.push({ tag, ...attrs })
    if (attrs.id === "C") throw new Error("Connection Closed")
  }
  answerPlainReceipts({ ws, sendNode } as never)
  for (const one of [receipt("A"), receipt("B", "read"), receipt("C", "peer_msg"), receipt("D", "retry")]) {
    ws.emit("CB:receipt", one)
  }
  await new Promise(setImmediate) // a refusal that nobody catches would end the test
  const ack = { tag: "ack", class: "receipt", to: "15550002@s.whatsapp.net" }
  assert.deepStrictEqual(heard, ["D"])
  assert.deepStrictEqual(sent, [
    { ...ack, id: "A" },
    { ...ack, id: "B", type: "read" },
    { ...ack, id: "C", type: "peer_msg" }
  ])
})
