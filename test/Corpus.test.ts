import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import canonicalize from "canonicalize"
import { Effect, Layer, Schema } from "effect"
import { clientEvents, readClientEvent } from "#domain/access/Client.ts"
import { fromBase64url } from "#domain/Bytes.ts"
import { deviceEvents, readDeviceEvent } from "#domain/device/Device.ts"
import { UnreadableEvent } from "#domain/Events.ts"
import { categoryOf, EventId, StreamId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import { messageEvents, readMessageEvent } from "#domain/message/Message.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import type { Sealed } from "#domain/privacy/Sealed.ts"
import { open } from "#domain/privacy/Sealing.ts"
import { Metadata, type RecordedEvent } from "#domain/Recorded.ts"
import { readStoreEvent, storeEvents } from "#domain/store/Store.ts"
import { EnvelopeRefused, verifyBatch } from "#domain/wire/Envelope.ts"
import { AgentReport, payloadReader } from "#domain/wire/Protocol.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"

/**
 * Events as released versions stored them, one a file, in the bytes of the store; `producer` says which version. They
 * are never changed: a new shape is a new type, and a new file beside the old ones. What is sealed or signed comes from
 * one log, whose data keys are in `keys.json`.
 */
const folder = join(import.meta.dirname, "corpus")
const files = readdirSync(folder).filter((file) => file !== "keys.json")
const textOf = (file: string) => readFileSync(join(folder, file), "utf8")
const keys: Readonly<Record<string, string>> = JSON.parse(textOf("keys.json"))

const Stored = Schema.Struct({
  eventId: EventId,
  type: Schema.String,
  stream: StreamId,
  revision: Schema.Natural,
  recordedAt: Instant,
  data: Schema.Record(Schema.String, Schema.Json),
  metadata: Metadata
})
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Stored))
type Event = Pick<RecordedEvent, keyof typeof Stored.Type>
const eventOf = (file: string) => decode(textOf(file)) as Event
const events = files.map(eventOf)

type Read = (event: Event) => { readonly data: object }
const readers: Readonly<Record<string, Read>> = {
  message: readMessageEvent,
  device: readDeviceEvent,
  client: readClientEvent,
  store: readStoreEvent
}
const read = (event: Event) => readers[categoryOf(event.stream)]!(event)

const types = [messageEvents, deviceEvents, clientEvents, storeEvents].flatMap((shapes) => Object.keys(shapes))

const subjectKeys = Layer.succeed(SubjectKeys, {
  obtain: () => Effect.die("not asked for"),
  find: (tenant, subject, version) => {
    const key = keys[`${tenant} ${subject} ${version}`]
    return Effect.succeed(key === undefined ? ("missing" as const) : crypto.cipherKey(fromBase64url(key)))
  },
  destroy: () => Effect.die("not asked for"),
  ownership: Effect.die("not asked for"),
  claim: () => Effect.die("not asked for")
})

const opened = ({ eventId: event, metadata: { tenant } }: Event, field: string, sealed: Sealed) =>
  open(sealed, { tenant, event, field }).pipe(Effect.provide([subjectKeys, Layer.succeed(Crypto, crypto)]))

describe("the corpus of stored events", () => {
  it("has every type there is, and no other", () => {
    assert.sameMembers([...new Set(events.map(({ type }) => type))], types)
    for (const [i, { type }] of events.entries()) assert.match(files[i]!, new RegExp(`^${type}(\\.[a-z]+)?\\.json$`))
  })

  it.each(files)("%s is read, and written again in the same bytes", (file) => {
    const event = eventOf(file)
    const { data } = read(event)
    assert.strictEqual(`${canonicalize({ ...event, data })}\n`, textOf(file))
  })

  it.each(files)("%s is not read as anything else", (file) => {
    const event = eventOf(file)
    assert.throws(() => read({ ...event, type: event.type.replace(/\.v\d+$/, ".v999") }), UnreadableEvent)
    for (const name of Object.keys(event.data)) {
      const data = { ...event.data, [name]: [{ not: "this" }] }
      assert.throws(() => read({ ...event, data }), UnreadableEvent)
    }
  })

  it.effect("what the agent signed still holds, under the key recorded then, and says what was recorded", () =>
    Effect.gen(function* () {
      const enrolled = readStoreEvent(events.find(({ type }) => type === "store.agent_enrolled.v1")!)
      assert(enrolled.type === "store.agent_enrolled.v1")
      const { agent, keyId, signing } = enrolled.data
      const key = crypto.verifyingKey(fromBase64url(signing))
      const signed = events.filter(({ data }) => typeof data.evidence === "string")
      assert.lengthOf(signed, 12)
      for (const { data, metadata, type } of signed) {
        const evidence = fromBase64url(data.evidence as string)
        const [answer] = yield* verifyBatch(crypto, (id) => (id === keyId ? key : undefined), [evidence])
        assert(answer !== undefined && !(answer instanceof EnvelopeRefused))
        const { header, payload } = answer
        assert.deepStrictEqual([header.agent, header.commandId], [agent, metadata.causationId])
        const report = yield* payloadReader(AgentReport)(payload)
        assert(report.kind === "message" || report.kind === "device")
        assert.strictEqual(`${report.kind}.${report.kind === "device" ? report.change : report.claim}.v1`, type)
      }
    })
  )

  it.effect("what was sealed still opens with its key, in its place", () =>
    Effect.gen(function* () {
      const words: Record<string, string> = {}
      for (const event of events) {
        for (const [field, sealed] of sealedIn(event))
          words[`${event.type} ${field}`] = yield* opened(event, field, sealed)
      }
      assert.deepStrictEqual(words, {
        "client.created.v1 name": "web shop",
        "device.created.v1 name": "test phone",
        "device.created.v1 phone": "+15550100009",
        "message.queued.v1 recipient": '{"kind":"phone","address":"+15550100002"}',
        "message.queued.v1 content": '{"type":"text","text":"Your parcel is here 📦"}'
      })
    })
  )
})

/** The sealed fields of an event, each under the name that it is bound to. */
const sealedIn = (event: Event): ReadonlyArray<readonly [field: string, sealed: Sealed]> => {
  if (event.type === "client.created.v1") {
    const created = readClientEvent(event)
    return created.type === "client.created.v1" ? [["name", created.data.name]] : []
  }
  if (event.type === "device.created.v1") {
    const created = readDeviceEvent(event)
    if (created.type !== "device.created.v1") return []
    const { name, pairing } = created.data
    return [["name", name], ...(pairing.method === "code" ? [["phone", pairing.phone] as const] : [])]
  }
  if (event.type === "message.queued.v1") {
    const queued = readMessageEvent(event)
    if (queued.type !== "message.queued.v1") return []
    return [
      ["recipient", queued.data.recipient.address],
      ["content", queued.data.content.body]
    ]
  }
  return []
}
