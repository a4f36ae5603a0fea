import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { utf8 } from "../Bytes.ts"
import type { Json, JsonObject } from "../Json.ts"
import { readObject } from "./MetaJson.ts"
import { type Piece, split } from "./Splitting.ts"

const metadata = { display_phone_number: "15550783881", phone_number_id: "106540352242922" }
const contactOf = (wa_id: string, name: string) => ({ profile: { name }, wa_id })
const textOf = (from: string, id: string, body: string) => ({
  from,
  id,
  timestamp: "1749416383",
  type: "text",
  text: { body }
})
const statusOf = (id: string, status: string, recipient_id = "16505551234") => ({
  id,
  status,
  timestamp: "1750030073",
  recipient_id
})
const posted = (value: JsonObject, field = "messages", entry: JsonObject = { id: "102290129340398" }): JsonObject => ({
  object: "whatsapp_business_account",
  entry: [{ ...entry, changes: [{ value: { messaging_product: "whatsapp", metadata, ...value }, field }] }]
})
type Entries = ReadonlyArray<{ readonly changes: ReadonlyArray<{ readonly value: JsonObject }> }>
const names = (pieces: ReadonlyArray<Piece>) => pieces.map(({ identity }) => identity.join(" "))
const valueOf = ({ payload }: Piece) => (payload.entry as Entries)[0]!.changes[0]!.value

describe("what Meta posts at once", () => {
  it("is a piece for each message, with nobody else in it", () => {
    const contacts = [contactOf("5511987654321", "Ana"), contactOf("4915112345678", "Ben")]
    const messages = [textOf("5511987654321", "wamid.A", "oi"), textOf("4915112345678", "wamid.B", "hallo")]
    const [ana, ben, ...others] = split(posted({ contacts, messages }))
    assert.deepStrictEqual(others, [])
    assert.deepStrictEqual(valueOf(ana!), {
      messaging_product: "whatsapp",
      metadata,
      contacts: [contacts[0]!],
      messages: [messages[0]!]
    })
    assert.deepStrictEqual([ana!.name, ben!.name], ["Ana", "Ben"])
    assert.deepStrictEqual(ben!.person, { phone: "4915112345678", bsuid: undefined })
    assert.deepStrictEqual(names([ana!, ben!]), ["message 106540352242922 wamid.A", "message 106540352242922 wamid.B"])
  })

  it("shares out contacts whose number Meta writes differently by their place", () => {
    const contacts = [contactOf("551187654321", "Ana"), contactOf("4915112345678", "Ben")] // Brazil, without its ninth digit
    const pieces = split(
      posted({ contacts, messages: [textOf("5511987654321", "wamid.A", ""), textOf("4915112345678", "wamid.B", "")] })
    )
    assert.deepStrictEqual(
      pieces.map(({ name }) => name),
      ["Ana", "Ben"]
    )
  })

  it("shares out as many as a request can hold, in no more time than there are many", () => {
    const people = Array.from({ length: 20_000 }, (_, i) => String(i))
    const contacts = people.map((wa_id) => ({ wa_id })).toReversed()
    const pieces = split(posted({ contacts, messages: people.map((from) => ({ from })) }))
    assert.lengthOf(pieces, people.length)
    assert.deepStrictEqual(valueOf(pieces[7]!).contacts, [{ wa_id: "7" }])
  })

  it("calls a message by the id that Meta gave it, and by none where there is none", () => {
    const [named, unnamed] = split(posted({ messages: [textOf("1", "wamid.A", "a"), { from: "1", type: "text" }] }))
    assert.deepStrictEqual([named!.message, unnamed!.message], ["wamid.A", undefined])
    assert.isUndefined(split(posted({ statuses: [statusOf("wamid.A", "sent")] }))[0]!.message)
  })

  it("shares them out to each message of a person who says several things at once", () => {
    const contacts = [contactOf("551187654321", "Ana"), contactOf("4915112345678", "Ben")]
    const [ana, ben] = ["5511987654321", "4915112345678"]
    const ofAna = [textOf(ana, "wamid.A", ""), textOf(ana, "wamid.B", "")]
    const ofBoth = [...ofAna, textOf(ben, "wamid.C", "")]
    const namesIn = (messages: ReadonlyArray<JsonObject>, some: ReadonlyArray<JsonObject>) =>
      split(posted({ contacts: some, messages })).map(({ name }) => name)
    assert.deepStrictEqual(namesIn(ofAna, contacts.slice(0, 1)), ["Ana", "Ana"])
    assert.deepStrictEqual(namesIn(ofBoth, contacts), ["Ana", "Ana", "Ben"])
  })

  it("keeps contacts that are nobody's as a piece", () => {
    const contacts = [contactOf("1", "A"), contactOf("2", "B"), contactOf("3", "C")]
    const pieces = split(posted({ contacts, messages: [textOf("1", "wamid.A", ""), textOf("2", "wamid.B", "")] }))
    assert.deepStrictEqual(
      pieces.map(({ kind }) => kind),
      ["message", "message", "other"]
    )
    assert.deepStrictEqual(valueOf(pieces[2]!).contacts, [contacts[2]!])
  })

  it("gives somebody who is alone in a change no contact of another", () => {
    const contacts = [contactOf("1", "A"), contactOf("2", "B")]
    for (const messages of [[textOf("1", "wamid.A", "")], ["a", "b", "c"].map((id) => textOf("1", id, ""))]) {
      const pieces = split(posted({ contacts, messages }))
      for (const piece of pieces.slice(0, -1)) assert.deepStrictEqual(valueOf(piece).contacts, [contacts[0]!])
      assert.deepStrictEqual(valueOf(pieces.at(-1)!), {
        messaging_product: "whatsapp",
        metadata,
        contacts: [contacts[1]!]
      })
    }
  })

  it("tells what was sent from what was delivered of one message", () => {
    const statuses = [
      statusOf("wamid.A", "sent"),
      statusOf("wamid.A", "delivered"),
      statusOf("wamid.A", "sent", "4915")
    ]
    const pieces = split(posted({ statuses }))
    assert.strictEqual(new Set(names(pieces)).size, 3)
    assert.deepStrictEqual(
      pieces.map(({ about, status }) => [about, status]),
      [
        ["wamid.A", "sent"],
        ["wamid.A", "delivered"],
        ["wamid.A", "sent"]
      ]
    )
  })

  it("knows people without a number", () => {
    const [piece] = split(
      posted({
        contacts: [{ profile: { name: "Nadia", username: "nadia" }, user_id: "MA.1587668549511396" }],
        messages: [{ id: "wamid.A", from_user_id: "MA.1587668549511396", type: "text", text: { body: "salam" } }]
      })
    )
    assert.deepStrictEqual(piece!.person, { phone: undefined, bsuid: "MA.1587668549511396" })
    assert.strictEqual(piece!.name, "Nadia")
  })

  it("names what has no name by what it says, whenever it is told", () => {
    const change = { event: "APPROVED", message_template_id: 1689556908129832 }
    const field = "message_template_status_update"
    const [now] = split(posted(change, field, { id: "1", time: 1751247548 }))
    const [later] = split(posted(change, field, { id: "1", time: 1751247999 }))
    const [other] = split(posted({ ...change, event: "REJECTED" }, field, { id: "1", time: 1751247548 }))
    assert.deepStrictEqual(now!.identity, later!.identity)
    assert.notDeepEqual(now!.identity, other!.identity)
    assert.strictEqual(now!.kind, "other")
  })

  it("never takes history or an echo for what somebody writes now", () => {
    const [history] = split(posted({ history: [{ threads: [] }], messages: [textOf("1", "wamid.A", "")] }, "history"))
    assert.strictEqual(history!.kind, "history")
    const [echo] = split(
      posted({ message_echoes: [{ ...textOf("2", "wamid.B", ""), to: "49151" }] }, "smb_message_echoes")
    )
    assert.strictEqual(echo!.kind, "echo")
    assert.strictEqual(echo!.person!.phone, "49151")
  })

  it("keeps what it has no words for whole", () => {
    for (const odd of [
      {},
      { object: "whatsapp_business_account" },
      { entry: {} },
      { entry: [] },
      { entry: [7, null, "x", [], {}, { changes: {} }, { changes: [] }, { changes: [1, null, { field: 3 }] }] },
      posted({ messages: {}, statuses: "no", contacts: 5 }),
      posted({ messages: [1, null, { id: 5 }, []] })
    ] as ReadonlyArray<JsonObject>) {
      const pieces = split(odd)
      assert.isAtLeast(pieces.length, 1)
      assert.strictEqual(new Set(names(pieces)).size, pieces.length)
      for (const leaf of leavesOf(odd)) {
        assert.isTrue(
          pieces.some(({ payload }) => leavesOf(payload).includes(leaf)),
          `${leaf} of ${JSON.stringify(odd)}`
        )
      }
    }
  })

  it("is written again with the numbers that came", () => {
    const text =
      '{"entry":[{"id":"1","changes":[{"field":"x","value":{"a":12345678901234567890,"b":1.50,"c":1e400,"d":-0}}]}]}'
    const [piece] = split(readObject(utf8(text))!)
    assert.strictEqual(JSON.stringify(piece!.payload), text)
  })

  it.prop(
    "loses no member, and is the same taken apart again",
    [Schema.Array(anyItem()), anyJson()],
    ([items, rest]) => {
      const contacts = items.map(({ who }) => contactOf(who, `name of ${who}`))
      const messages = items.map(({ body, who }, i) => textOf(who, `wamid.${i}`, body))
      const payload = posted({ ...(items.length > 0 && { contacts, messages }), unheard_of: rest as Json })
      const pieces = split(payload)
      const told = new Set(pieces.flatMap(({ payload }) => leavesOf(payload)))
      for (const leaf of leavesOf(payload)) assert.isTrue(told.has(leaf), leaf)
      assert.strictEqual(new Set(names(pieces)).size, pieces.length)
      for (const piece of pieces) {
        const [again, ...others] = split(piece.payload)
        assert.deepStrictEqual(others, [])
        assert.deepStrictEqual(again, piece)
      }
    }
  )
})

/** Every value that is no list or object, with the names that lead there; places in lists are no part of it. */
function leavesOf(value: Json | undefined, path = ""): ReadonlyArray<string> {
  if (typeof value !== "object" || value === null) return [`${path}=${JSON.stringify(value)}`]
  const within = Array.isArray(value) ? value.map((one) => ["", one] as const) : Object.entries(value)
  if (within.length === 0) return [`${path}=${Array.isArray(value) ? "[]" : "{}"}`]
  return within.flatMap(([name, one]) => leavesOf(one as Json, `${path}/${name}`))
}

function anyItem() {
  return Schema.Struct({ who: Schema.Literals(["5511", "49151", "1876555"]), body: Schema.String })
}
function anyJson() {
  return Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Boolean, Schema.Array(Schema.Natural)]))
}
