import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type { EventId } from "#domain/Ids.ts"
import type { JsonObject } from "#domain/Json.ts"
import type { NewEvent } from "#domain/Recorded.ts"
import { canonical } from "../Canonical.ts"
import { freshStream, newEvent } from "../contract/Fixtures.ts"
import { appendLimit, proposal } from "./Proposals.ts"

/** What comes of it, a refusal included. */
const written = (write: () => string) => {
  try {
    return write()
  } catch {
    return "(refused)"
  }
}

const stream = freshStream()
const proposed = (...events: ReadonlyArray<NewEvent>) =>
  proposal(stream, "no_stream", events).flatMap((request) => request.getProposedMessage() ?? [])
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes)

/** What the server gets for it. */
const sent = (data: JsonObject) => text(proposed(newEvent("a.v1", data))[0]?.getData_asU8())

describe("events for EventStoreDB", () => {
  it.prop("leave as canonical JSON, or not at all", [Schema.Record(Schema.String, Schema.Json)], ([record]) => {
    const data = record as JsonObject
    assert.deepStrictEqual(
      written(() => sent(data)),
      written(() => canonical(data))
    )
  })

  it("keep names that look like numbers in their canonical place", () => {
    const data = { 9: { 2: [{ 11: 1, 5: 1 }], 10: 1 }, 10: 1, ["__proto__"]: { 7: 1, 30: 1 } }
    assert.strictEqual(sent(data), '{"10":1,"9":{"10":1,"2":[{"11":1,"5":1}]},"__proto__":{"30":1,"7":1}}')
  })

  it("carry their metadata as canonical JSON", () => {
    const event = newEvent("a.v1")
    const [message] = proposed(event)
    assert.strictEqual(text(message?.getCustomMetadata_asU8()), canonical(event.metadata))
    assert.strictEqual(message?.getMetadataMap().get("content-type"), "application/json")
  })

  it("are never sent when the server would choke on them", () => {
    const event = newEvent("a.v1")
    assert.throws(() => proposed({ ...event, eventId: "1" as EventId }), /not a UUID/)
    assert.throws(() => proposed(event, { ...event, type: "" }), /no type/)
  })

  it("may be as large, together, as the server takes in one append, and no larger", () => {
    const filled = (bytes: number) => newEvent("a.v1", { text: "x".repeat(bytes - '{"text":""}'.length) })
    assert.strictEqual(proposed(filled(appendLimit)).length, 1)
    assert.strictEqual(proposed(filled(appendLimit - 1_000), filled(1_000)).length, 2)
    assert.throws(() => proposed(filled(appendLimit + 1)), /1048577 bytes: EventStoreDB takes 1048576/)
    assert.throws(() => proposed(filled(appendLimit - 1_000), filled(1_001)), /1048577 bytes/)
  })
})
