import { assert, describe, it } from "@effect/vitest"
import { DeviceId, SubjectId } from "../Ids.ts"
import { fromMillis } from "../Instant.ts"
import { specification } from "../testing/Specification.ts"
import { Inbound, type InboundEvent, InboundRejected, type ReceivedFact, undecryptable } from "./Inbound.ts"

const { given } = specification(Inbound)
const [phone, lid, other] = ["p", "l", "o"].map((letter) => SubjectId.make(letter.repeat(43))) as [
  SubjectId,
  SubjectId,
  SubjectId
]
const sealed = { subject: phone, key: "1", iv: "aXY", box: "Ym94" }
const at = fromMillis(0)
const said = (kind: string, contentDigest: string) => ({ content: { kind, body: sealed }, contentDigest })

const factOf = (
  { content, contentDigest }: ReturnType<typeof said>,
  chat: ReadonlyArray<SubjectId> = [phone, lid],
  sender = chat
): ReceivedFact => ({
  source: { kind: "device", device: DeviceId.make("0196f3c0-0000-7000-8000-000000000001") },
  waMessageId: "A1",
  fromMe: false,
  chat: { kind: "person", names: chat, address: sealed },
  sender: { names: sender, address: sealed },
  content,
  contentDigest,
  heardAt: at
})
const receive = (fact: ReceivedFact) => ({ _tag: "Receive", fact }) as const
const received = (fact: ReceivedFact): InboundEvent => ({ type: "inbound.received", data: fact })
const refused = new InboundRejected({ reason: "other_content" })

const hello = said("text", "hello")
const unread = said(undecryptable, "unread")
const decrypted: InboundEvent = { type: "inbound.decrypted", data: { ...hello, heardAt: at } }

describe("a fact", () => {
  it("is received once, under whichever of its names it is told again", () => {
    assert.deepStrictEqual(given().when(receive(factOf(hello))), [received(factOf(hello))])
    for (const names of [[phone, lid], [lid], [phone]]) {
      assert.deepStrictEqual(given(received(factOf(hello))).when(receive(factOf(hello, names))), [])
    }
  })

  it("is not taken for what says something else, is said elsewhere, or by somebody else", () => {
    const before = given(received(factOf(hello)))
    for (const fact of [
      factOf(said("text", "bye")),
      factOf(hello, [other]),
      factOf(hello, [phone], [other]),
      factOf(hello, [other], [phone])
    ]) {
      assert.deepStrictEqual(before.when(receive(fact)), refused)
    }
  })

  it("is completed once when it could not be read at first, and only by whoever sent it", () => {
    const before = given(received(factOf(unread)))
    assert.deepStrictEqual(before.when(receive(factOf(hello, [lid]))), [decrypted])
    assert.deepStrictEqual(before.when(receive(factOf(hello, [phone], [other]))), refused)
    const after = given(received(factOf(unread)), decrypted)
    assert.deepStrictEqual(after.when(receive(factOf(hello))), [])
    assert.deepStrictEqual(after.when(receive(factOf(said("text", "bye")))), refused)
  })

  it("says what it is about, also where it could not be read at first", () => {
    const target = { waMessageId: "B2", fromMe: true }
    const reaction = said("reaction", "like")
    const completed = { type: "inbound.decrypted", data: { ...reaction, target, heardAt: at } } as const
    assert.deepStrictEqual(given(received(factOf(unread))).when(receive({ ...factOf(reaction), target })), [completed])
  })

  it("that was read stays as it is when it comes again and cannot be read", () => {
    assert.deepStrictEqual(given(received(factOf(hello))).when(receive(factOf(unread))), [])
    assert.deepStrictEqual(given(received(factOf(unread)), decrypted).when(receive(factOf(unread))), [])
  })
})
