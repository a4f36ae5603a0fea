import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { categories } from "#domain/Aggregates.ts"
import { defaultTenant, type EventId, StreamId, type SubjectId } from "#domain/Ids.ts"
import { Heard, Lid } from "#domain/inbound/Heard.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { newEvent } from "#infra/event-store/contract/Fixtures.ts"
import { type PublicType, publicTypes } from "../api/PublicTypes.ts"
import { positionOf } from "../http/Cursor.ts"
import { claimOf, commandOf, device, headerOf, heardOf, messageOf, reporting } from "../testing/ReportingFixture.ts"
import { uuid } from "../testing/ViewsFixture.ts"

const phone = PhoneNumber.make("+60123456789")
const lid = Lid.make("900002")
const both = { kind: "person", phone, lid } as const
const hello = Heard.make({
  waMessageId: "A1",
  chat: both,
  sender: both,
  fromMe: false,
  name: "Ali of Ipoh",
  content: { type: "text", text: "hello" }
})

const telling = Effect.fnUntraced(function* () {
  const world = yield* reporting()
  const log: Array<RecordedEvent> = []
  yield* world.store.subscribe({ categories, after: undefined }).pipe(
    Stream.runForEach((event) => Effect.sync(() => void log.push(event))),
    Effect.forkScoped
  )
  const hear = (said: Heard, n = 501) => {
    const header = headerOf(0, { direction: "homing/report/3", commandId: uuid(n) as EventId })
    return world.tell(heardOf(header, said), header)
  }
  const told = (personal: boolean) =>
    Effect.map(
      Effect.forEach(log, (event) => world.publicEvents.tell(event, { personal })),
      (all) => all.filter((event) => event !== undefined)
    )
  return { ...world, log, hear, told }
})

describe("what is told to the outside", () => {
  it.live("of a fact is what was heard, and without permission nothing by which somebody is known", () =>
    Effect.gen(function* () {
      const { hear, log, told } = yield* telling()
      yield* hear({ ...hello, content: { type: "undecryptable" } })
      yield* hear(hello, 502)
      const [full, bare] = [(yield* told(true)).slice(-2), (yield* told(false)).slice(-2)]
      const [received, decrypted] = full
      assert.deepInclude(received, {
        specversion: "1.0",
        source: `/devices/${device}`,
        type: "homing.inbound.message.v1",
        datacontenttype: "application/json"
      })
      const { names, ...chat } = received!.data.chat as Record<string, unknown>
      assert.deepStrictEqual<unknown>([(names as ReadonlyArray<string>).length, chat], [2, both])
      assert.deepInclude(received!.data.sender, { phone, lid, name: "Ali of Ipoh" })
      assert.deepInclude(received!.data, { kind: "undecryptable", fromMe: false, waMessageId: "A1", device })
      assert.deepInclude(decrypted!.data, { kind: "text", content: hello.content, device })
      assert.strictEqual(decrypted!.subject, received!.subject)
      assert.deepStrictEqual(
        full.map(({ cursor }) => positionOf("store:1", cursor)),
        log.slice(-2).map(({ position }) => position)
      )
      const text = JSON.stringify(bare)
      for (const personal of ["60123456789", "900002", "hello", "Ali of Ipoh"]) assert.notInclude(text, personal)
      for (const [i, { data, ...around }] of bare.entries()) {
        const { data: whole, ...aroundWhole } = full[i]!
        assert.deepStrictEqual(around, aroundWhole)
        assert.includeMembers(Object.keys(whole), Object.keys(data))
      }
    })
  )

  it.live("of somebody who was erased, and of what somebody has changed in the log, lacks what cannot be read", () =>
    Effect.gen(function* () {
      const { hear, keys, log, publicEvents, told } = yield* telling()
      yield* hear(hello)
      const received = log.at(-1)!
      const { content, ...rest } = received.data as { content: { kind: string; body: { box: string } } }
      const damaged = { ...rest, content: { ...content, body: { ...content.body, box: "Ym94Ym94Ym94Ym94Ym94" } } }
      const altered = yield* publicEvents.tell({ ...received, data: damaged }, { personal: true })
      const [whole] = (yield* told(true)).slice(-1)
      const { content: _, ...others } = whole!.data
      assert.deepStrictEqual(altered, { ...whole!, data: others })
      const { subject } = (received.data as { chat: { address: { subject: SubjectId } } }).chat.address
      yield* keys.destroy(defaultTenant, subject)
      const [before] = (yield* told(false)).slice(-1)
      assert.deepStrictEqual((yield* told(true)).slice(-1), [before])
    })
  )

  it.live("of a message names its device also when only its last event is asked about", () =>
    Effect.gen(function* () {
      const { log, queue, publicEvents, tell } = yield* telling()
      yield* queue(1)
      const header = headerOf(1)
      yield* tell(claimOf(1, "failed", { code: "463" }), header)
      const event = yield* publicEvents.tell(log.at(-1)!, { personal: false })
      assert.deepInclude(event, {
        source: `/devices/${device}`,
        subject: messageOf(1),
        type: "homing.message.failed.v1"
      })
      assert.deepInclude(event!.data, { id: messageOf(1), device, attempt: 1 })
      assert.deepInclude(event!.data.error, { code: "463" })
    })
  )

  it.live("is of the shape that its type has, and nothing of clients, keys and what a newer release has stored", () =>
    Effect.gen(function* () {
      const { hear, log, publicEvents, queue, store, told } = yield* telling()
      yield* queue(1)
      yield* hear(hello)
      const foreign = [newEvent("device.beamed.v1", {}), newEvent("client.created.v1", {})]
      for (const [i, event] of foreign.entries()) {
        const stream = StreamId.make(`${["device", "client"][i]}-${commandOf(900 + i)}`)
        yield* Effect.orDie(store.append(stream, "no_stream", [event]))
      }
      const all = yield* told(false)
      assert.deepStrictEqual(all.length, log.length - foreign.length)
      for (const { data, type } of all) {
        const shape: Schema.Codec<unknown> = publicTypes[type as PublicType]
        Schema.decodeUnknownSync(shape, { onExcessProperty: "error" })(data)
      }
      assert.isUndefined(yield* publicEvents.tell(log.at(-1)!, { personal: true }))
    })
  )
})
