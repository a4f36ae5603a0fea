import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { EventId } from "#domain/Ids.ts"
import { Heard, Lid } from "#domain/inbound/Heard.ts"
import { Inbound } from "#domain/inbound/Inbound.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { foreign, headerOf, heardOf, refusals, reporting } from "../testing/ReportingFixture.ts"
import { uuid } from "../testing/ViewsFixture.ts"

const phone = PhoneNumber.make("+60123456789")
const lid = Lid.make("900002")
const both = { kind: "person", phone, lid } as const
const text = (said: string) => ({ type: "text", text: said }) as const

const heard = (over: Partial<Heard> = {}) =>
  Heard.make({
    waMessageId: "A1",
    chat: both,
    sender: both,
    fromMe: false,
    name: "Ali of Ipoh",
    content: text("hello"),
    ...over
  })

const hearing = Effect.fnUntraced(function* () {
  const world = yield* reporting()
  const facts: Array<RecordedEvent> = []
  yield* world.store.subscribe({ categories: ["inbound"], after: undefined }).pipe(
    Stream.runForEach((event) => Effect.sync(() => void facts.push(event))),
    Effect.forkScoped
  )
  let told = 0
  const hear = Effect.fnUntraced(function* (said: Heard, over: Partial<ReturnType<typeof headerOf>> = {}) {
    const header = headerOf(0, { direction: "homing/report/3", commandId: uuid(++told + 500), ...over })
    yield* world.tell(heardOf(header, said), header)
    return EventId.make(header.commandId)
  })
  return { ...world, hear, facts }
})
const typesOf = (facts: ReadonlyArray<RecordedEvent>) => facts.map(({ type }) => type)

describe("what a device heard", () => {
  it.live(
    "is recorded once, however often and under whichever of its names it is told, and acknowledged each time",
    () =>
      Effect.gen(function* () {
        const { acknowledged, facts, hear } = yield* hearing()
        const ids = [
          yield* hear(heard()),
          yield* hear(heard()),
          yield* hear(heard({ chat: { kind: "person", lid }, sender: { kind: "person", lid } })),
          yield* hear(heard({ chat: { kind: "person", phone }, sender: { kind: "person", phone }, name: "Alias" })),
          yield* hear(heard({ content: { type: "undecryptable" } }))
        ]
        assert.deepStrictEqual(acknowledged(), ids)
        assert.deepStrictEqual(typesOf(facts), ["inbound.received.v1"])
        const stored = JSON.stringify(facts.map(({ data, metadata, stream }) => [data, metadata, stream]))
        for (const personal of ["60123456789", "900002", "hello", "Ali of Ipoh"]) assert.notInclude(stored, personal)
      })
  )

  it.live("is completed when it could not be read at first, by whoever sent it and by nobody else", () =>
    Effect.gen(function* () {
      const { facts, hear } = yield* hearing()
      yield* hear(heard({ content: { type: "undecryptable" } }))
      const stranger = { kind: "person", phone: PhoneNumber.make("+60999999999") } as const
      yield* hear(heard({ sender: stranger, content: text("forged") }))
      yield* hear(heard({ content: text("hello") }))
      yield* hear(heard({ content: text("hello") }))
      assert.deepStrictEqual(typesOf(facts), ["inbound.received.v1", "inbound.received.v1", "inbound.decrypted.v1"])
      const [first, forged, decrypted] = facts
      assert.strictEqual(first!.stream, decrypted!.stream)
      assert.notStrictEqual(first!.stream, forged!.stream)
      assert.deepInclude(forged!.data, { conflicting: true })
    })
  )

  it.live("under an id that another fact has is a fact of its own, and so is each other", () =>
    Effect.gen(function* () {
      const { facts, hear } = yield* hearing()
      for (const said of ["one", "two", "three", "two"]) yield* hear(heard({ content: text(said) }))
      yield* hear(heard({ fromMe: true, content: text("one") }))
      const streams = new Set(facts.map(({ stream }) => stream))
      assert.deepStrictEqual([facts.length, streams.size], [4, 4])
      assert.deepStrictEqual(
        facts.map(({ data }) => data.conflicting === true),
        [false, true, true, false]
      )
      for (const fact of facts) assert.strictEqual(Inbound.read(fact).type, "inbound.received")
    })
  )

  it.live("by another way, in which it is encoded otherwise or people have other names, is the same fact", () =>
    Effect.gen(function* () {
      const { facts, hear } = yield* hearing()
      const image = { type: "image", sha256: "AQ", caption: "a boiler", raw: "Cg" } as const
      yield* hear(heard({ content: { ...image, disappearsAfterSeconds: 86_400, mentions: [both] } }))
      yield* hear(heard({ content: { ...image, raw: "Eg" }, isHistory: true }))
      const target = { waMessageId: "A0", fromMe: false, sender: both } as const
      const edit = { type: "edit", target, content: text("hallo") } as const
      yield* hear(heard({ waMessageId: "A2", content: edit }))
      const byLid = { ...target, sender: { kind: "person", lid } } as const
      const again = { ...edit, target: byLid, content: { ...text("hallo"), raw: "Eg" } }
      yield* hear(heard({ waMessageId: "A2", content: again }))
      assert.deepStrictEqual(typesOf(facts), ["inbound.received.v1", "inbound.received.v1"])
      assert.deepStrictEqual(facts[1]!.data.target, { waMessageId: "A0", fromMe: false })
      // another picture, another edit, an edit of another message
      yield* hear(heard({ content: { ...image, sha256: "Ag" } }))
      yield* hear(heard({ waMessageId: "A2", content: { ...edit, content: text("hullo") } }))
      yield* hear(heard({ waMessageId: "A2", content: { ...edit, target: { ...target, waMessageId: "A9" } } }))
      assert.deepStrictEqual(
        facts.map(({ data }) => data.conflicting === true),
        [false, false, true, true, true]
      )
    })
  )

  it.live("by a device of somebody else's agent is refused", () =>
    Effect.gen(function* () {
      const { acknowledged, facts, hear } = yield* hearing()
      const before = refusals("other_agent")
      const id = yield* hear(heard(), { device: foreign })
      assert.deepStrictEqual([facts.length, refusals("other_agent") - before, acknowledged()], [0, 1, [id]])
    })
  )

  it.live("is not acknowledged while the log does not take it", () =>
    Effect.gen(function* () {
      const { acknowledged, become, facts, hear } = yield* hearing()
      yield* become("refuses")
      const hearingIt = yield* Effect.forkChild(hear(heard()))
      yield* Effect.sleep(300)
      assert.deepStrictEqual(acknowledged(), [])
      yield* become("none")
      yield* Fiber.join(hearingIt)
      assert.deepStrictEqual([acknowledged().length, facts.length], [1, 1])
    })
  )
})
