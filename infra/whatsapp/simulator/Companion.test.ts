import { assert, describe, it } from "@effect/vitest"
import type { BinaryNode } from "@whiskeysockets/baileys"
import { element } from "./BinaryNodes.ts"
import { Companion } from "./Companion.ts"

const keys = {
  noise: Buffer.alloc(32),
  identity: Buffer.alloc(32),
  registrationId: 1,
  signedPreKey: { id: 1, key: Buffer.alloc(32), signature: Buffer.alloc(64) }
}
const message = element("message", { id: "A", type: "text" })
const delivered = element("receipt", { id: "B" })
const read = element("receipt", { id: "B", type: "read" })

const lineTo = (sent: Array<BinaryNode>) => ({
  send: (stanza: BinaryNode) => sent.push(stanza) > 0,
  endStream: () => {}
})

describe("companion", () => {
  it("keeps a stanza until the client acknowledges it, whatever became of the line", () => {
    const companion = new Companion(1, keys)
    const sent: Array<BinaryNode> = []
    const first = lineTo(sent)
    companion.deliver(message)
    companion.attach(first)
    assert.deepStrictEqual(sent, [], "a client that is not ready gets nothing")
    assert.deepStrictEqual(companion.goOnline(), [{ stanza: message, encode: undefined }])
    companion.deliver(delivered)
    companion.deliver(read)
    assert.deepStrictEqual(sent, [delivered, read])
    companion.acknowledge("message", "A", "inactive")
    companion.acknowledge("receipt", "B", "read")
    companion.detach(first)

    companion.attach(lineTo([]))
    assert.deepStrictEqual(companion.goOnline(), [{ stanza: delivered, encode: undefined }])
  })

  it("stays on the newer line when the older one closes", () => {
    const companion = new Companion(1, keys)
    const older = lineTo([])
    const sent: Array<BinaryNode> = []
    companion.attach(older)
    companion.attach(lineTo(sent))
    companion.goOnline()
    companion.detach(older)
    companion.deliver(message)
    assert.deepStrictEqual(sent, [message])
  })

  it("keeps what was sent again until that is acknowledged, and not its refusal of the first", () => {
    const companion = new Companion(1, keys)
    const ids = () => companion.kept.map(({ stanza }) => stanza.attrs.id)
    const askedAgain = () => {
      companion.acknowledge("message", "A", "retry")
      companion.deliver(message)
      companion.expectRefusal("A")
    }
    companion.deliver(message)
    companion.deliver(message)
    companion.refuse("A")
    assert.deepStrictEqual(ids(), ["A"], "one of two copies is left")
    askedAgain()
    companion.refuse("A")
    assert.deepStrictEqual(ids(), ["A"])
    companion.refuse("A")
    assert.deepStrictEqual(ids(), [])
    companion.deliver(message)
    askedAgain()
    companion.attach(lineTo([])) // the refusal was lost with the line
    companion.refuse("A")
    assert.deepStrictEqual(ids(), [])
  })
})
