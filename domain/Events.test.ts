import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { reader, released } from "./Events.ts"
import { EventId } from "./Ids.ts"

const id = EventId.make("0196f3c0-0000-5000-8000-000000000001")
const first = Schema.Struct({ colour: Schema.String })
const second = Schema.Struct({ colours: Schema.Array(Schema.String) })

const read = reader({
  "lamp.lit": released(first).upcoming(
    second,
    ({ colour }) => ({ colours: [colour] }),
    ({ colours: [colour, ...others] }) => (colour !== undefined && others.length === 0 ? { colour } : undefined)
  ),
  "lamp.painted": released(first).next(second, ({ colour }) => ({ colours: [colour] }))
})
const lit = (...colours: ReadonlyArray<string>) => ({ type: "lamp.lit", data: { colours } }) as const

describe("a version that is read a release before it is written", () => {
  it("is what everybody sees, whichever was stored", () => {
    const old = { eventId: id, type: "lamp.lit.v1", data: { colour: "red" } }
    assert.deepStrictEqual(read(old), { ...lit("red"), id })
    const newer = { eventId: id, type: "lamp.lit.v2", data: { colours: ["red", "blue"] } }
    assert.deepStrictEqual(read(newer), { ...lit("red", "blue"), id })
  })

  it("is not written as long as the one before can say it", () => {
    assert.deepStrictEqual(read.stored(lit("red"), id), { eventId: id, type: "lamp.lit.v1", data: { colour: "red" } })
    for (const event of [lit(), lit("red", "blue")]) {
      assert.deepStrictEqual(read.stored(event, id), { eventId: id, type: "lamp.lit.v2", data: event.data })
    }
  })

  it("is remembered as the decider made it, under what was stored", () => {
    for (const event of [lit("red"), lit("red", "blue")]) {
      const stored = read.stored(event, id)
      assert.strictEqual(read(stored).data, event.data)
      assert.deepStrictEqual(read({ ...stored, data: structuredClone(stored.data) }), { ...event, id })
    }
  })
})

it("the newest version is what is written, as it stands", () => {
  const data = { colours: ["red"] }
  const stored = read.stored({ type: "lamp.painted", data }, id)
  assert.strictEqual(stored.type, "lamp.painted.v2")
  assert.strictEqual(stored.data, data)
})
