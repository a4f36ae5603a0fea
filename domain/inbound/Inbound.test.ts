import { assert, describe, it } from "@effect/vitest"
import { DeviceId, EventId, SubjectId } from "../Ids.ts"
import { fromMillis } from "../Instant.ts"
import { specification } from "../testing/Specification.ts"
import {
  Inbound,
  type InboundEvent,
  InboundRejected,
  type ReadRequested,
  type ReceivedFact,
  undecryptable
} from "./Inbound.ts"

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

  it("that was heard stays as it is when a phone remembers it otherwise, and nobody else's is taken for it", () => {
    const before = given(received(factOf(hello)))
    const past = (...of: Parameters<typeof factOf>) => ({ ...factOf(...of), isHistory: true }) as const
    const edited = said("text", "hello, edited")
    assert.deepStrictEqual(before.when(receive(past(edited, [lid]))), [])
    assert.deepStrictEqual(before.when(receive(past(edited, [other]))), refused)
    assert.deepStrictEqual(given(received(factOf(unread))).when(receive(past(hello))), [decrypted])
  })

  it("says what it is about, also where it could not be read at first", () => {
    const target = { waMessageId: "B2", fromMe: true }
    const reaction = said("reaction", "like")
    const completed = { type: "inbound.decrypted", data: { ...reaction, target, heardAt: at } } as const
    assert.deepStrictEqual(given(received(factOf(unread))).when(receive({ ...factOf(reaction), target })), [completed])
  })

  it("is completed once when its secret was not known at first, and only by whoever sent it", () => {
    const [sealed, edit, another] = [said("other", "sealed"), said("edit", "edit"), said("edit", "another")]
    const opened: InboundEvent = { type: "inbound.decrypted", data: { ...edit, heardAt: at } }
    const before = given(received(factOf(sealed)))
    assert.deepStrictEqual(before.when(receive(factOf(edit, [lid]))), [opened])
    assert.deepStrictEqual(before.when(receive(factOf(edit, [phone], [other]))), refused)
    assert.deepStrictEqual(before.when(receive(factOf(hello))), refused)
    const after = given(received(factOf(sealed)), opened)
    assert.deepStrictEqual(after.when(receive(factOf(another))), refused)
    for (const state of [after, given(received(factOf(edit)))]) {
      assert.deepStrictEqual(state.when({ ...receive(factOf(sealed)), isSealed: true }), [])
    }
    const known: InboundEvent = { type: "inbound.decrypted", data: { ...sealed, heardAt: at } }
    const both = given(received(factOf(unread)), known)
    assert.deepStrictEqual(both.when(receive(factOf(edit))), [opened])
    assert.deepStrictEqual(given(received(factOf(unread))).when({ ...receive(factOf(sealed)), isSealed: true }), [
      known
    ])
    const [vote, chosen] = [said("vote", "vote"), said("vote", "chosen")]
    const voted = { type: "inbound.decrypted", data: { ...chosen, heardAt: at } } as const
    assert.deepStrictEqual(given(received(factOf(vote))).when(receive(factOf(chosen))), [voted])
  })

  it("that was read stays as it is when it comes again and cannot be read", () => {
    assert.deepStrictEqual(given(received(factOf(hello))).when(receive(factOf(unread))), [])
    assert.deepStrictEqual(given(received(factOf(unread)), decrypted).when(receive(factOf(unread))), [])
  })
})

describe("that a fact was read", () => {
  const { device } = factOf(hello).source
  const until = (millis: number) => fromMillis(millis)
  const reading: ReadRequested = { device, transport: "whatsapp-web", message: sealed, expiresAt: until(1_000) }
  const event = EventId.make("0196f3c0-0000-5000-8000-000000000001")
  const requested: InboundEvent = { type: "inbound.read_requested", data: reading }
  const asked: InboundEvent = { ...requested, id: event }
  const marked: InboundEvent = { type: "inbound.read_marked", data: { at } }
  const ask = (millis = 0) => ({ _tag: "AskToRead", reading, at: until(millis) }) as const
  const mark = (answers = event, by = device) => ({ _tag: "MarkRead", answers, device: by, at }) as const
  const rejected = (reason: InboundRejected["reason"]) => new InboundRejected({ reason })
  const fact = received(factOf(hello))

  it("is asked for once while that is open, and again when its time was over", () => {
    assert.deepStrictEqual(given(fact).when(ask()), [requested])
    assert.deepStrictEqual(given(fact, asked).when(ask(999)), [])
    assert.deepStrictEqual(given(fact, asked).when(ask(1_000)), [requested])
    assert.deepStrictEqual(given(fact, asked, marked).when(ask(9_999)), [])
    assert.deepStrictEqual(given().when(ask()), rejected("not_received"))
  })

  it("is recorded once, as the answer to what was asked, by its own device", () => {
    assert.deepStrictEqual(given(fact, asked).when(mark()), [marked])
    assert.deepStrictEqual(given(fact, asked, marked).when(mark()), [])
    const other = EventId.make("0196f3c0-0000-5000-8000-000000000002")
    assert.deepStrictEqual(given(fact, asked).when(mark(other)), rejected("not_asked"))
    assert.deepStrictEqual(given(fact).when(mark()), rejected("not_asked"))
    const foreign = DeviceId.make("0196f3c0-0000-7000-8000-000000000009")
    assert.deepStrictEqual(given(fact, asked).when(mark(event, foreign)), rejected("other_device"))
  })

  it("ends when nobody can tell WhatsApp, unless it was told or is asked again, and may be asked again", () => {
    const withhold = (answers = event) => ({ _tag: "WithholdRead", answers, reason: "unreadable" }) as const
    const withheld: InboundEvent = { type: "inbound.read_withheld", data: { reason: "unreadable" } }
    const other = EventId.make("0196f3c0-0000-5000-8000-000000000002")
    assert.deepStrictEqual(given(fact, asked).when(withhold()), [withheld])
    assert.deepStrictEqual(given(fact, asked, withheld).when(withhold()), [])
    assert.deepStrictEqual(given(fact, asked, marked).when(withhold()), [])
    assert.deepStrictEqual(given(fact, asked, { ...requested, id: other }).when(withhold()), [])
    assert.deepStrictEqual(given(fact, asked).when(withhold(other)), rejected("not_asked"))
    assert.deepStrictEqual(given(fact, asked, withheld).when(ask()), [requested])
    assert.deepStrictEqual(given(fact, asked, withheld).when(mark()), [marked]) // it had left before
  })

  it("is said of what others have said to people, and of nothing else", () => {
    const { chat, ...rest } = factOf(hello)
    const broadcast = received({ ...rest, chat: { ...chat, kind: "broadcast" } })
    const own = received({ ...rest, chat, fromMe: true })
    for (const one of [own, broadcast, received(factOf(unread)), received(factOf(said("reaction", "r")))]) {
      assert.deepStrictEqual(given(one).when(ask()), rejected("not_for_reading"))
    }
    assert.deepStrictEqual(given(received(factOf(unread)), decrypted).when(ask()), [requested])
  })

  it("goes with what is heard, if that is wanted: of what is new, and once it can be read", () => {
    const heard = (fact: ReceivedFact) => ({ ...receive(fact), reading })
    assert.deepStrictEqual(given().when(heard(factOf(hello))), [fact, requested])
    assert.deepStrictEqual(given(fact).when(heard(factOf(hello))), [])
    const past = { ...factOf(hello), isHistory: true } as const
    assert.deepStrictEqual(given().when(heard(past)), [received(past)])
    assert.deepStrictEqual(given().when(heard(factOf(unread))), [received(factOf(unread))])
    assert.deepStrictEqual(given(received(factOf(unread))).when(heard(factOf(hello))), [decrypted, requested])
  })
})
