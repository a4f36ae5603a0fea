import { assert, describe, it } from "@effect/vitest"
import type { Told } from "../inbound/Judge.ts"
import { judge, type Telling } from "./Judge.ts"
import { marks, type Update } from "./Update.ts"

const metadata = { display_phone_number: "15550783881", phone_number_id: "106540352242922" }
const contact = { profile: { name: "Ana" }, wa_id: "5511987654321" }
const said = (n: number, over: Partial<Update> = {}): Update =>
  ({
    form: "item",
    mark: marks.of(n),
    app: "default",
    account: "102290129340398",
    field: "messages",
    kind: "message",
    member: "messages",
    item: {
      from: "5511987654321",
      id: `wamid.${n}`,
      timestamp: "1749416383",
      type: "text",
      text: { body: marks.of(n) }
    },
    metadata,
    contact,
    isAlone: false,
    person: { phone: "5511987654321", bsuid: undefined, contact },
    at: 1_749_416_383,
    own: `wamid.${n}`,
    ...over
  }) as Update

/** As it has to be told, written out by hand. */
const told = (n: number, over: Partial<Told["data"]> = {}, type = "homing.meta.message.v1"): Told => {
  const item = {
    type: "text",
    text: { body: marks.of(n) },
    timestamp: "1749416383",
    id: `wamid.${n}`,
    from: "5511987654321"
  }
  const value = { messaging_product: "whatsapp", metadata, contacts: [contact], messages: [item] }
  const data = {
    id: `f${n}`,
    app: "default",
    account: "102290129340398",
    phoneNumberId: "106540352242922",
    field: "messages",
    kind: "message",
    person: { names: ["ana"], phone: "+5511987654321" },
    message: `m${n}`,
    change: {
      object: "whatsapp_business_account",
      entry: [{ id: "102290129340398", time: n, changes: [{ field: "messages", value }] }]
    },
    sentAt: "2025-06-08T20:59:43.000Z",
    receivedAt: "2026-11-30T12:00:00.000Z",
    ...over
  }
  return { id: `e${n}`, type, subject: `f${n}`, data }
}

const all = [said(1), said(2)]
const log = [told(1), told(2)]
const none = { lost: 0, doubled: 0, wrong: 0, outOfOrder: 0, conflicts: 0, planted: 0 }
const verdict = (
  found: ReadonlyArray<Told>,
  updates: ReadonlyArray<Update> = all,
  tellings: ReadonlyMap<string, Telling> = new Map()
) => {
  const { examples: _, audiences: __, updates: ___, ...rest } = judge(updates, found, tellings, [])
  return rest
}

describe("the judge of what Meta told", () => {
  it("finds nothing where all is as it was said", () => {
    assert.deepStrictEqual(verdict(log), none)
    assert.deepStrictEqual(verdict(log.toReversed()), none)
  })

  it("finds what is lost, told twice, never said, and of two people", () => {
    assert.deepStrictEqual(verdict([told(1)]), { ...none, lost: 1 })
    assert.deepStrictEqual(verdict([...log, { ...told(2), id: "e3" }]), { ...none, doubled: 1 })
    assert.deepStrictEqual(verdict([...log, told(3)]), { ...none, wrong: 1 })
    const ofBoth = told(2, { change: { entry: [{ said: [marks.of(1), marks.of(2)] }] } })
    assert.deepStrictEqual(verdict([told(1), ofBoth]), { ...none, lost: 1, wrong: 1 })
  })

  it("finds what is told as something else, of somebody else, or with less than was said", () => {
    const { change: _, ...withoutWords } = told(1).data
    const { contacts: __, ...value } = told(1).data.change.entry[0].changes[0].value
    const withoutContact = {
      object: told(1).data.change.object,
      entry: [{ id: "102290129340398", changes: [{ field: "messages", value }] }]
    }
    const wrongs = [
      told(1, {}, "homing.meta.other.v1"),
      told(1, { person: { names: ["ana"], phone: "+5511987654322" } }),
      told(1, { person: { names: [], phone: "+5511987654321" } }),
      told(1, { account: "1" }),
      told(1, { sentAt: "2025-06-08T20:59:44.000Z" }),
      told(1, { fromMe: true }),
      told(1, { message: "m2" }), // another message's
      told(1, { change: withoutContact }),
      { ...told(1), data: { ...withoutWords, phoneNumberId: marks.of(1) } }
    ]
    for (const one of wrongs) {
      const found = verdict([told(2), one])
      assert.deepStrictEqual(found, { ...none, wrong: 1 }, JSON.stringify(one))
    }
  })

  it("finds a contradiction that is not told as one, told as one twice, or told where there is none", () => {
    const rivals = all.map((update) => ({ ...update, rivalry: marks.of(1) }))
    const flagged = (n: number) => told(n, { conflicting: true })
    assert.deepStrictEqual(verdict([told(1), flagged(2)], rivals), { ...none, conflicts: 1, planted: 1 })
    assert.deepStrictEqual(verdict([flagged(1), told(2)], rivals), { ...none, conflicts: 1, planted: 1 })
    assert.deepStrictEqual(verdict(log, rivals), { ...none, wrong: 1, planted: 1 })
    assert.deepStrictEqual(verdict([flagged(1), flagged(2)], rivals), { ...none, wrong: 1, conflicts: 2, planted: 1 })
    assert.deepStrictEqual(verdict([told(1), flagged(2)]), { ...none, wrong: 1, conflicts: 1 })
  })

  it("finds what was answered for before another was on its way, and stands behind it", () => {
    const when = (one: Telling, other: Telling) =>
      new Map([
        [marks.of(1), one],
        [marks.of(2), other]
      ])
    const after = when({ began: 0, answered: 1 }, { began: 2, answered: 3 })
    assert.deepStrictEqual(verdict(log, all, after), none)
    assert.deepStrictEqual(verdict(log.toReversed(), all, after), { ...none, outOfOrder: 1 })
    const meanwhile = when({ began: 0, answered: 2 }, { began: 1, answered: 3 })
    assert.deepStrictEqual(verdict(log.toReversed(), all, meanwhile), none)
  })
})
