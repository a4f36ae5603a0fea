import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import canonicalize from "canonicalize"
import { Effect, Layer, Schema } from "effect"
import { aggregates } from "#domain/Aggregates.ts"
import { fromBase64url } from "#domain/Bytes.ts"
import { type Reader, UnreadableEvent } from "#domain/Events.ts"
import { categoryOf, EventId, StreamId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import { LogIdentity } from "#domain/identity/LogIdentity.ts"
import type { Inbound } from "#domain/inbound/Inbound.ts"
import { orderedJson } from "#domain/OrderedJson.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import { open } from "#domain/privacy/Sealing.ts"
import { Metadata, type RecordedEvent } from "#domain/Recorded.ts"
import type { Sealed } from "#domain/Sealed.ts"
import { EnvelopeRefused, verifyBatch } from "#domain/wire/Envelope.ts"
import { Undecodable } from "#domain/wire/Protocol.ts"
import { version4, versionOf } from "#domain/wire/Versions.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"

/**
 * Events as released versions stored them, one a file, in the bytes of the store; `producer` says which version. They
 * are never changed: a new shape is a new type, and a new file beside the old ones; of a version that is read a release
 * before it is written, as the next release will store it. What is sealed or signed comes from
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

type AnyReader = Reader<{ readonly type: string; readonly data: object }>
const readerOf = ({ stream }: Event) =>
  aggregates.find(({ category }) => category === categoryOf(stream))!.read as unknown as AnyReader
const read = (event: Event) => readerOf(event)(event)
/** Any of them stands for all: together they are too much for a type. */
const storedBy = (event: Event, written: { readonly type: string; readonly data: object }) =>
  (readerOf(event) as typeof Inbound.read).stored(written as never, event.eventId)

const types = aggregates.flatMap((aggregate) => [...aggregate.read.types])

const subjectKeys = Layer.succeed(SubjectKeys, {
  all: () => Effect.succeed([]),
  obtain: () => Effect.die("not asked for"),
  find: (tenant, subject, version) => {
    const key = keys[`${tenant} ${subject} ${version}`]
    return Effect.succeed(key === undefined ? ("missing" as const) : crypto.cipherKey(fromBase64url(key)))
  },
  destroy: () => Effect.die("not asked for"),
  forget: () => {},
  ownership: Effect.die("not asked for"),
  ready: Effect.void,
  claim: () => Effect.die("not asked for")
})

const opened = ({ eventId: event, metadata: { tenant } }: Event, field: string, sealed: Sealed) =>
  open(sealed, { tenant, event, field }).pipe(Effect.provide([subjectKeys, Layer.succeed(Crypto, crypto)]))

describe("the corpus of stored events", () => {
  it("has every type there is, and no other", () => {
    assert.sameMembers([...new Set(events.map(({ type }) => type))], types)
    for (const [i, { type }] of events.entries()) assert.match(files[i]!, new RegExp(`^${type}(\\.[a-z]+)?\\.json$`))
  })

  it.each(files)("%s is read, as its newest version, and what is written of that is read as the same", (file) => {
    const event = eventOf(file)
    const { data, type } = read(event)
    const stored = storedBy(event, { type, data })
    assert.deepStrictEqual(read({ ...event, ...structuredClone(stored) }).data, data)
    const again = stored.type === event.type ? { ...event, ...stored } : event
    assert.strictEqual(`${canonicalize(again)}\n`, textOf(file))
  })

  it.each(files)("%s is not read as anything else", (file) => {
    const event = eventOf(file)
    assert.throws(() => read({ ...event, type: event.type.replace(/\.v\d+$/, ".v999") }), UnreadableEvent)
    for (const name of Object.keys(event.data)) {
      const data = { ...event.data, [name]: [{ not: "this" }] }
      assert.throws(() => read({ ...event, data }), UnreadableEvent)
    }
  })

  it.each(files)("%s is written without sorting, wherever its members stood", (file) => {
    const event = eventOf(file)
    const { data, type } = read(event)
    const turned = Object.fromEntries(Object.entries(data).reverse())
    const stored = storedBy(event, { type, data: turned })
    assert.strictEqual(orderedJson(stored.data), canonicalize(stored.data))
  })

  it.effect("what the agent signed still holds, under the key recorded then, and says what was recorded", () =>
    Effect.gen(function* () {
      const enrolled = LogIdentity.read(events.find(({ type }) => type === "store.agent_enrolled.v1")!)
      assert(enrolled.type === "store.agent_enrolled")
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
        const report = version4.reports.read(versionOf("reports", header.direction)!, payload)
        assert(!(report instanceof Undecodable))
        assert(report.kind === "message" || report.kind === "device")
        assert.strictEqual(`${report.kind}.${report.kind === "device" ? report.change : report.claim}.v1`, type)
      }
    })
  )

  it.effect("what was sealed still opens with its key, in its place", () =>
    Effect.gen(function* () {
      const words: Record<string, string> = {}
      for (const event of events) {
        for (const [field, sealed] of readerOf(event).boxes(event))
          words[`${event.type} ${field}`] = yield* opened(event, field, sealed)
      }
      assert.deepStrictEqual(words, {
        "client.created.v1 name": "web shop",
        "client.key_issued.v2 name": "checkout",
        "device.created.v1 name": "test phone",
        "device.created.v1 phone": "+15550100009",
        "device.created.v2 name": "test phone",
        "device.created.v2 phone": "+15550100009",
        "device.link_requested.v1 phone": "+15550100009",
        "device.number_linked.v1 number": "+15550100009",
        "device.renamed.v1 name": "front desk",
        "endpoint.created.v1 secret":
          '{"hmac":"TwZ3vz5GoKTuaJGZbaYna+B4+bCmUgPF4/WEMjzwzmc=","seed":"B2oVnf0mrUtOmQznpJN+KRQyfTTjnFjcbCAbpGUDE5Q="}',
        "endpoint.created.v1 url": "https://shop.example/homing",
        "endpoint.secret_rotated.v1 secret":
          '{"hmac":"dk03OJcTU2IzxLduFPn8B9VOVVkfExGCgBQwG1kAuKU=","seed":"CFpkyXmANNPwQDlZs5Ni+qpoCxH0mmagilz6WhXCLDU="}',
        "endpoint.updated.v1 url": "https://shop.example/hooks",
        "inbound.decrypted.v1 content": '{"type":"text","text":"Thanks, it is here 🙏"}',
        "inbound.read_requested.v1 message":
          '{"chat":{"kind":"person","phone":"+15550100002","lid":"90000000000002"},"target":{"waMessageId":"3AEB2A40A5C1B0D6F9E1","fromMe":false,"sender":{"kind":"person","phone":"+15550100002","lid":"90000000000002"}}}',
        "inbound.received.v1 chat": '{"kind":"person","phone":"+15550100002","lid":"90000000000002"}',
        "inbound.received.v1 sender": '{"kind":"person","phone":"+15550100002","lid":"90000000000002"}',
        "inbound.received.v1 name": "Ada",
        "inbound.received.v1 content": '{"type":"undecryptable"}',
        "meta.received.v1 address": '{"phone":"15550100002","bsuid":"US.1587668549511396"}',
        "meta.received.v1 change":
          '{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","time":1760000000,"changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"106540352242922"},"contacts":[{"profile":{"name":"Ada"},"wa_id":"15550100002"}],"messages":[{"from":"15550100002","id":"wamid.HBgLMTU1NTAxMDAwMDI","timestamp":"1749416383","type":"text","text":{"body":"Is it here?"},"from_user_id":"US.1587668549511396","context":{"id":"wamid.HBgLMTU1NTAxMDAwMDE"}}]},"field":"messages"}]}]}',
        "session.received.v1 address": '["phone","+15550100002"]',
        "session.received.v1 payload":
          '{"event":"messages.upsert","sessionId":"main-7","data":{"messages":{"key":{"id":"A","fromMe":true,"remoteJid":"15550100002@s.whatsapp.net"},"message":{"conversation":"hello"}}}}',
        "message.queued.v1 recipient": '{"kind":"phone","address":"+15550100002"}',
        "message.queued.v1 content": '{"type":"text","text":"Your parcel is here 📦"}',
        "message.queued.v2 recipient": '{"kind":"phone","address":"+15550100002"}',
        "message.queued.v2 content": '{"type":"text","text":"Your parcel is here 📦"}',
        "message.queued.v2 quote":
          '{"target":{"waMessageId":"3AEB2A40A5C1B0D6F9E1","fromMe":false,"sender":{"kind":"person","phone":"+15550100002","lid":"90000000000002"}},"kind":"text","text":"Thanks, it is here 🙏"}',
        "region.reported.v1 event":
          '{"id":"a7d7035d-afee-5802-82c1-b8f499b0657c","type":"homing.inbound.message.v1","time":"2026-11-30T18:40:12.345Z","subject":"a3dce307-6e7a-8b70-87d8-668ef1b5c683","data":{"kind":"text","content":{"type":"text","text":"oi"}}}',
        "routes.target_added.v1 secret":
          '{"hmac":"GBAdhAikcLi577R/w5k9VtQGTxQgcWoDM3oFJUa+Ha8=","seed":"Wp2wCfK8osm6kLSNx0CVCI42ItOXOlUHpzWyU5oJvIA="}',
        "routes.target_added.v1 url": "https://eu.example/whatsapp",
        "routes.target_changed.v1 url": "https://eu.example/hooks",
        "routes.target_secret_rotated.v1 secret":
          '{"hmac":"VQpNNSPEpxEzaCLfyWwHFy0B8oV8TMXs9jA8HVZHDu4=","seed":"qEoqHKZrtVcoVZeFc/pPbf/qnC49I+kymh9UE9o2EAQ="}'
      })
    })
  )
})
