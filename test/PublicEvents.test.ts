import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, expect, it } from "@effect/vitest"
import { Context, Effect, Layer, Schema } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import type { StreamId } from "#domain/Ids.ts"
import type { JsonObject } from "#domain/Json.ts"
import { Blobs } from "#domain/ports/Blobs.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { type PublicType, publicTypeNames, publicTypes } from "#services/api/PublicTypes.ts"
import * as PublicEvents from "#services/events/PublicEvents.ts"
import { Identity } from "#services/identity/Identity.ts"
import { Personal } from "#services/privacy/Personal.ts"

/** What is told of everything that was ever stored, by the shapes that are published. */

const folder = join(import.meta.dirname, "corpus")
const stored = readdirSync(folder)
  .filter((file) => file !== "keys.json")
  .map((file, i): RecordedEvent => ({ ...JSON.parse(readFileSync(join(folder, file), "utf8")), position: BigInt(i) }))

/** A fact of each kind is told as what it is, which its event says in the clear. */
const received = stored.find(({ type }) => type === "inbound.received.v1")!
const saying = (more: JsonObject): RecordedEvent => ({ ...received, data: { ...received.data, ...more } })
const target = { waMessageId: "3A", fromMe: true }
const ofKind = (kind: string) => saying({ content: { ...(received.data.content as JsonObject), kind }, target })
const kinds = ["edit", "deletion", "reaction", "vote", "pin", "timer", "call", "group", "image", "of a newer release"]
/** What Meta told is as well. */
const ofMeta = stored.find(({ type }) => type === "meta.received.v1")!
const metaKinds = ["message", "status", "echo", "call", "preference", "contact", "history", "of a newer release"]
const toldByMeta = metaKinds.map((kind): RecordedEvent => ({ ...ofMeta, data: { ...ofMeta.data, kind } }))
const told = [...stored, ...kinds.map(ofKind), saying({ isHistory: true }), ...toldByMeta]

/** Nothing can be opened; a stream begins with whichever first event of its kind there is. */
const services = PublicEvents.layer.pipe(
  Layer.provide([
    Layer.succeed(Identity, { epoch: "store:1" } as never),
    Layer.succeed(Personal, { reveal: () => Effect.succeed(undefined), subjectOf: () => "" } as never),
    Layer.succeed(Blobs, { read: () => Effect.succeed(utf8('{"entry":[]}')) } as never),
    Layer.succeed(EventStore, {
      read: (stream: StreamId) => {
        const first = stored.find(
          ({ revision, stream: one }) => revision === 0 && one.split("-")[0] === stream.split("-")[0]
        )
        return Effect.succeed([first])
      }
    } as never)
  ])
)

describe("public events", () => {
  it.effect("are told of everything that was ever stored of messages, devices and facts, as it is published", () =>
    Effect.gen(function* () {
      const { tell } = Context.get(yield* Layer.build(services), PublicEvents.PublicEvents)
      const seen = new Set<string>()
      for (const event of told) {
        const found = yield* tell(event, { personal: true })
        assert.strictEqual(
          found !== undefined,
          /^(erasure|message|device|inbound|meta|session)\./.test(event.type),
          event.type
        )
        if (found === undefined) continue
        seen.add(found.type)
        const shape: Schema.Codec<unknown> = publicTypes[found.type as PublicType]
        Schema.decodeUnknownSync(shape, { onExcessProperty: "error" })(JSON.parse(JSON.stringify(found.data)))
      }
      assert.sameMembers([...seen], [...publicTypeNames])
    })
  )

  it("have the shapes that were published; another shape is another type, but for members that may be absent", async () => {
    const definitions: Record<string, unknown> = {}
    const properties: Record<string, unknown> = {}
    for (const type of publicTypeNames) {
      const document = Schema.toJsonSchemaDocument(publicTypes[type])
      properties[type] = document.schema
      for (const [name, shape] of Object.entries(document.definitions)) {
        assert.deepStrictEqual(shape, definitions[name] ?? shape, `two shapes are called ${name}`)
        definitions[name] = shape
      }
    }
    const document = {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: "The data of Homing's public events, by their type",
      type: "object",
      properties,
      $defs: definitions
    }
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot("../docs/events.schema.json")
  })

  it("are published in a document whose every reference leads to what it has", () => {
    const document = JSON.parse(readFileSync(join(import.meta.dirname, "../docs/events.schema.json"), "utf8"))
    const found = (reference: string) =>
      reference
        .slice("#/".length)
        .split("/")
        .reduce((at, key) => at?.[key], document)
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference!)
    assert.isNotEmpty(references)
    for (const reference of references) assert.isObject(found(reference), reference)
  })
})
