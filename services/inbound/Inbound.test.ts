import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { EventId } from "#domain/Ids.ts"
import { Heard, Lid } from "#domain/inbound/Heard.ts"
import { Inbound, type ReceivedFact } from "#domain/inbound/Inbound.ts"
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

const hearing = Effect.fnUntraced(function* (options: Parameters<typeof reporting>[1] = {}) {
  const world = yield* reporting(new Map(), options)
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

  it.live("is one fact where it is opened in one life and not in another, whichever comes first", () =>
    Effect.gen(function* () {
      const { facts, hear } = yield* hearing()
      const target = { waMessageId: "A0", fromMe: false } as const
      const sealed = { type: "other", name: "secretEncryptedMessage", raw: "Cg" } as const
      const opened = { type: "edit", target, content: text("ONE") } as const
      const vote = { type: "vote", target, raw: "Cg" } as const
      const chosen = { ...vote, chosen: ["AQ"] }
      for (const [n, order] of [
        [sealed, opened, sealed],
        [opened, sealed],
        [vote, chosen, vote],
        [chosen, vote]
      ].entries()) {
        for (const content of order) yield* hear(heard({ waMessageId: `S${n}`, content }))
      }
      const [received, completed] = ["inbound.received.v1", "inbound.decrypted.v1"] as const
      assert.deepStrictEqual(typesOf(facts), [received, completed, received, received, completed, received])
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

  it.live("under an id that another fact has is one fact, by whichever of their names its sender is known", () =>
    Effect.gen(function* () {
      const { facts, hear } = yield* hearing()
      yield* hear(heard())
      for (const who of [both, { kind: "person", lid } as const, { kind: "person", phone } as const]) {
        yield* hear(heard({ chat: who, sender: who, content: text("else") }))
      }
      assert.deepStrictEqual(
        facts.map(({ data }) => data.conflicting === true),
        [false, true]
      )
      // somebody else says the very same: neither is taken for the other
      const stranger = { kind: "person", phone: PhoneNumber.make("+60999999999") } as const
      for (const _ of [1, 2]) yield* hear(heard({ chat: stranger, sender: stranger, content: text("else") }))
      assert.strictEqual(facts.length, 3)
    })
  )

  it.live("is kept whole where it is of a kind, a member or a word of a newer release", () =>
    Effect.gen(function* () {
      const { facts, hear, personal } = yield* hearing()
      const target = { waMessageId: "A0", fromMe: false, sender: both } as const
      const newer = [
        { type: "comment", target, text: "on the wall", raw: "Cg" },
        { ...text("hello"), shade: "blue" },
        { type: "call", call: "C1", event: "held" }
      ]
      for (const [n, content] of newer.entries()) {
        for (const _ of [1, 2]) yield* hear({ ...heard({ waMessageId: `N${n}` }), content: content as never })
      }
      assert.deepStrictEqual(
        facts.map(({ data }) => (data as unknown as ReceivedFact).content.kind),
        ["comment", "text", "call"]
      )
      assert.deepStrictEqual(facts[0]!.data.target, { waMessageId: "A0", fromMe: false })
      const opened = yield* Effect.forEach(facts, ({ data, eventId, metadata, stream }) => {
        const { body } = (data as unknown as ReceivedFact).content
        const place = { tenant: metadata.tenant, event: eventId, field: "content" }
        return personal.reveal(body, place, { stream, subject: body.subject })
      })
      assert.deepStrictEqual(
        opened.map((json) => JSON.parse(json!)),
        newer
      )
    })
  )

  it.live("of somebody who has no name at all is refused, and holds nothing up", () =>
    Effect.gen(function* () {
      const { acknowledged, facts, hear } = yield* hearing()
      const before = refusals("undecodable")
      const nobody = { kind: "person" } as never
      const ids = [yield* hear({ ...heard(), sender: nobody }), yield* hear({ ...heard(), chat: nobody })]
      assert.deepStrictEqual([facts.length, refusals("undecodable") - before, acknowledged()], [0, 2, ids])
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

describe("what is to be marked as read as it is heard", () => {
  it.live("is asked for with the fact, in one append, and marked when its own agent has told WhatsApp", () =>
    Effect.gen(function* () {
      const { acknowledged, facts, hear, tell } = yield* hearing({ marksAsRead: true })
      yield* hear(heard())
      yield* hear(heard())
      assert.deepStrictEqual(typesOf(facts), ["inbound.received.v1", "inbound.read_requested.v1"])
      const [fact, asked] = facts
      assert.strictEqual(fact!.metadata.commandId, asked!.metadata.commandId)
      assert.notInclude(JSON.stringify(asked!.data), "60123456789")

      const id = Inbound.idOf(fact!.stream)
      const marking = { kind: "read_marked", fact: id, at: fact!.metadata.occurredAt } as const
      const answer = { direction: "homing/report/3", commandId: asked!.eventId } as const
      const before = refusals("other_agent")
      yield* tell(marking, headerOf(0, { ...answer, device: foreign }))
      yield* tell(marking, headerOf(0, { ...answer, commandId: uuid(999) }))
      assert.deepStrictEqual([facts.length, refusals("other_agent") - before], [2, 1])
      yield* tell(marking, headerOf(0, answer))
      yield* tell(marking, headerOf(0, { ...answer, attempt: "2" }))
      assert.deepStrictEqual(typesOf(facts).slice(2), ["inbound.read_marked.v1"])
      assert.strictEqual(acknowledged().length, 6)
    })
  )
})
