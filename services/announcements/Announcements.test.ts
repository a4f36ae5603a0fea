import { generateKeyPairSync } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { categories } from "#domain/Aggregates.ts"
import { fromUtf8 } from "#domain/Bytes.ts"
import { defaultTenant, type EventId, type SubjectId } from "#domain/Ids.ts"
import { Heard } from "#domain/inbound/Heard.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { sealingKeysIn } from "#domain/privacy/SealingKey.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { opened } from "../../docs/opening.ts"
import { PublicEvents } from "../events/PublicEvents.ts"
import { changeOf, headerOf, heardOf, reporting } from "../testing/ReportingFixture.ts"
import { uuid } from "../testing/ViewsFixture.ts"
import * as Announcements from "./Announcements.ts"

const pair = (kid: string) => {
  const jwk = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" })
  const { d: _, ...shown } = jwk
  return { shown: { ...shown, kid }, own: { ...jwk, kid } }
}
const [billing, audit] = [pair("billing-1"), pair("audit-1")]
const sealingKeys = sealingKeysIn(JSON.stringify({ keys: [billing.shown, audit.shown] }))!

const phone = { kind: "person", phone: PhoneNumber.make("+60123456789") } as const
const hello = Heard.make({
  waMessageId: "A1",
  chat: phone,
  sender: phone,
  fromMe: false,
  name: "Ali of Ipoh",
  content: { type: "text", text: "hello" }
})
const ample = 1_000_000

/** A log with what a device heard as its last event. */
const scene = Effect.gen(function* () {
  const { keys, publicEvents, store, tell } = yield* reporting()
  const log: Array<RecordedEvent> = []
  yield* store.subscribe({ categories, after: undefined }).pipe(
    Stream.runForEach((event) => Effect.sync(() => void log.push(event))),
    Effect.forkScoped
  )
  yield* tell(changeOf("connected", 1), headerOf(1))
  const connected = log.at(-1)!
  const header = headerOf(0, { direction: "homing/report/3", commandId: uuid(501) as EventId })
  yield* tell(heardOf(header, hello), header)
  const heard = log.at(-1)!
  const announced = (options: Announcements.Options, recorded = heard, mostBytes = ample) =>
    Announcements.make(options).pipe(
      Effect.flatMap((announcementOf) => announcementOf(recorded, mostBytes)),
      Effect.provideService(Crypto, crypto),
      Effect.provideService(PublicEvents, publicEvents),
      Effect.map((found) => {
        const text = fromUtf8(found!.announcement.bytes)
        return { text, length: found!.announcement.bytes.length, event: JSON.parse(text) }
      })
    )
  const told = (personal: boolean) => Effect.map(publicEvents.tell(heard, { personal }), (event) => event!)
  const { subject } = (heard.data as { chat: { address: { subject: SubjectId } } }).chat.address
  return { announced, told, connected, erase: keys.destroy(defaultTenant, subject) }
})

describe("what is published of an event", () => {
  it.live("has all that is personal for whoever holds a key to it, and nothing of it for anybody else", () =>
    Effect.gen(function* () {
      const { announced, told } = yield* scene
      const { event, text } = yield* announced({ sealingKeys })
      const { sealed, ...open } = event
      assert.deepStrictEqual(open, yield* told(false))
      for (const { own } of [billing, audit]) {
        assert.deepStrictEqual(opened(event.id, sealed, own), (yield* told(true)).data)
      }
      assert.isUndefined(opened(event.id, sealed, pair("another").own))
      for (const personal of ["60123456789", "hello", "Ali of Ipoh"]) assert.notInclude(text, personal)
      assert.deepStrictEqual((yield* announced({})).event, yield* told(false))
    })
  )

  it.live("has text for every member beside its data, as an extension of a CloudEvent must be", () =>
    Effect.gen(function* () {
      const { announced } = yield* scene
      const { data: _, ...around } = (yield* announced({ sealingKeys })).event
      assert.includeMembers(Object.keys(around), ["sealed"])
      for (const [name, value] of Object.entries(around)) {
        assert.isString(value, name)
        assert.match(name, /^[a-z0-9]{1,20}$/)
      }
    })
  )

  it.live("lacks the box when that is too long, and says so; one that just fits is there", () =>
    Effect.gen(function* () {
      const { announced, told } = yield* scene
      const { length } = yield* announced({ sealingKeys })
      assert.property((yield* announced({ sealingKeys }, undefined, length)).event, "sealed")
      const { event } = yield* announced({ sealingKeys }, undefined, length - 1)
      assert.deepStrictEqual(event, { ...(yield* told(false)), omitted: "too_large" })
      assert.deepStrictEqual((yield* announced({}, undefined, 1)).event, yield* told(false))
    })
  )

  it.live(
    "has nothing personal where that is to be omitted, and all of it, as far as there is room, where it is to be plain",
    () =>
      Effect.gen(function* () {
        const { announced, erase, told } = yield* scene
        assert.deepStrictEqual((yield* announced({ personal: "omitted", sealingKeys })).event, yield* told(false))
        const { event, length } = yield* announced({ personal: "plain", sealingKeys })
        assert.deepStrictEqual(event, yield* told(true))
        assert.deepInclude(event.data.content, { text: "hello" })
        const short = yield* announced({ personal: "plain" }, undefined, length - 1)
        assert.deepStrictEqual(short.event, { ...(yield* told(false)), omitted: "too_large" })
        yield* erase
        assert.deepStrictEqual((yield* announced({ personal: "plain" })).event, yield* told(false))
      })
  )

  it.live("has no box for somebody who was erased before, nor where there is nothing personal", () =>
    Effect.gen(function* () {
      const { announced, connected, erase, told } = yield* scene
      const { event } = yield* announced({ sealingKeys }, connected)
      assert.deepStrictEqual([event.type, event.sealed], ["homing.device.connected.v1", undefined])
      yield* erase
      assert.deepStrictEqual((yield* announced({ sealingKeys })).event, yield* told(false))
    })
  )
})
