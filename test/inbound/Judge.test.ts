import { assert, describe, it } from "@effect/vitest"
import type { Observation } from "#infra/whatsapp/simulator/Observation.ts"
import { handingsIn } from "./Handings.ts"
import { flawsIn, judge, type Told } from "./Judge.ts"
import { type Expected, expectedIn } from "./Record.ts"

const expected = (n: number, over: Partial<Expected> = {}): Expected => ({
  account: "1",
  chat: "2",
  waMessageId: `A${n}`,
  kind: "text",
  text: `said ${n}`,
  stanza: `A${n}`,
  ...over
})
const told = (n: number, data: object = {}, over: Partial<Told> = {}): Told => ({
  id: `e${n}`,
  type: "homing.inbound.message.v1",
  subject: `f${n}`,
  data: {
    device: "d1",
    waMessageId: `A${n}`,
    kind: "text",
    content: { type: "text", text: `said ${n}` },
    chat: { names: ["n"] },
    ...data
  },
  ...over
})
/** Everything came in the order in which it was said. */
const inOrder = handingsIn([])
const devices = new Map([["1", "d1"]])
const said = [expected(1), expected(2), expected(3)]
const log = [told(1), told(2), told(3)]
const flaws = (told: ReadonlyArray<Told>, heard: ReadonlyArray<string> = told.map(({ id }) => id)) =>
  flawsIn(judge(said, told, devices, [{ name: "who", heard }], inOrder))

describe("the judge of what came in", () => {
  it("finds nothing where all is as it was said, in whichever order chats stand", () => {
    assert.deepStrictEqual(flaws(log), [])
    const other = { ...expected(4), chat: "3" }
    assert.deepStrictEqual(flawsIn(judge([...said, other], [told(4), ...log], devices, [], inOrder)), [])
  })

  it("finds what is lost, doubled, something else, or out of order in the log", () => {
    assert.deepStrictEqual(flaws([told(1), told(3)]), ["log: 1 lost"])
    assert.deepStrictEqual(flaws([...log, told(3, {}, { id: "e4", subject: "f4" })]), ["log: 1 doubled"])
    assert.deepStrictEqual(flaws([told(1), told(2, { content: { text: "else" } }), told(3)]), ["log: 1 wrong"])
    assert.deepStrictEqual(flaws([told(1), told(2, { kind: "image" }), told(3)]), ["log: 1 wrong"])
    assert.deepStrictEqual(flaws([...log, told(9)]), ["log: 1 wrong"])
    assert.deepStrictEqual(flaws([told(2), told(1), told(3)]), ["log: 1 outOfOrder"])
  })

  it("takes what could not be read at first for what it became", () => {
    const unread = told(2, { kind: "undecryptable", content: undefined })
    const read = { kind: "text", content: { type: "text", text: "said 2" } }
    const completed = { id: "e5", type: "homing.inbound.decrypted.v1", subject: "f2", data: { device: "d1", ...read } }
    assert.deepStrictEqual(flaws([told(1), unread, told(3)]), ["log: 1 wrong"])
    assert.deepStrictEqual(flaws([told(1), unread, told(3), completed]), [])
  })

  it("finds what a listener missed, heard twice, never was, or heard too early", () => {
    assert.deepStrictEqual(flaws(log, ["e1", "e3"]), ["who: 1 lost"])
    assert.deepStrictEqual(flaws(log, ["e1", "e2", "e2", "e3"]), ["who: 1 doubled"])
    assert.deepStrictEqual(flaws(log, ["e1", "e2", "e3", "e9"]), ["who: 1 wrong"])
    assert.deepStrictEqual(flaws(log, ["e2", "e1", "e3"]), ["who: 1 outOfOrder"])
  })

  it("asks no other order than the one in which an account could hear it", () => {
    const login = { at: "", kind: "login", account: "1" } as const
    const handed = (n: number) => ({ at: "", kind: "handed", account: "1", waMessageId: `A${n}` }) as const
    const answered = (n: number) => ({ ...handed(n), kind: "client-receipt" }) as const
    const inThisOrder = (record: ReadonlyArray<Observation>) =>
      flawsIn(judge(said, [told(1), told(3), told(2)], devices, [], handingsIn([login, ...record])))
    const wrong = ["log: 1 outOfOrder"]
    assert.deepStrictEqual(inThisOrder([1, 2, 3].map(handed)), wrong)
    assert.deepStrictEqual(inThisOrder([1, 3, 2].map(handed)), [])
    // the next connection tells in another order what this one has told, and not been answered
    assert.deepStrictEqual(inThisOrder([...[1, 2, 3].map(handed), login, handed(3), handed(2)]), [])
    assert.deepStrictEqual(inThisOrder([...[1, 2].map(handed), answered(2), login, handed(3), handed(2)]), wrong)
    assert.deepStrictEqual(inThisOrder([...[1, 2, 3].map(handed), login, handed(2), handed(3)]), wrong)
  })

  it("takes for one what was heard and is remembered, in no order", () => {
    const incoming = { at: "", kind: "incoming", account: "1", contact: "2", waMessageId: "A", text: "said" } as const
    const [one, ...others] = expectedIn([incoming, { ...incoming, kind: "remembered" }])
    assert.deepInclude(one, { waMessageId: "A", kind: "text", text: "said", stanza: undefined })
    assert.strictEqual(others.length, 0)
  })

  it("tells kinds apart by the protocol's own names", () => {
    const kindOf = (content: object) =>
      expectedIn([
        { at: "", kind: "incoming", account: "1", contact: "2", waMessageId: "A", content: { ...content } }
      ])[0]!.kind
    assert.deepStrictEqual(
      [
        { viewOnceMessage: { message: { imageMessage: {} } } },
        { documentWithCaptionMessage: { message: { documentMessage: {} } } },
        { protocolMessage: { type: "MESSAGE_EDIT" } },
        { protocolMessage: { key: {} } },
        { messageContextInfo: {}, pollCreationMessageV3: {} },
        { newsletterAdminInviteMessage: {} }
      ].map(kindOf),
      ["image", "document", "edit", "deletion", "poll", "other"]
    )
  })
})
