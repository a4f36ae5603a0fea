import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { configured } from "#domain/access/Client.ts"
import { ApiKeyId, ClientId, DeviceId, defaultTenant, StreamId } from "#domain/Ids.ts"
import { toMillis } from "#domain/Instant.ts"
import { eventually } from "#domain/testing/Eventually.ts"
import type { Caller } from "../runtime/Caller.ts"
import { caller, device, messaging, otherDevice, requestOf, streamOf } from "../testing/MessagingFixture.ts"
import { uuid } from "../testing/ViewsFixture.ts"
import type { Whose } from "./Messages.ts"

const patient = { until: "sent", timeoutMs: 60_000 } as const
const begin = <A, E>(work: Effect.Effect<A, E>) => Effect.forkChild(work, { startImmediately: true })

describe("a message", () => {
  it.live("is accepted when it is on disk, and nothing personal stands there in the clear", () =>
    Effect.gen(function* () {
      const { messages, store } = yield* messaging()
      const request = requestOf(1, { tags: { order: "1" } })
      const { answered, document, repeated } = yield* messages.send(caller, request)
      assert.deepInclude(document, { status: "queued", device, to: request.to, content: request.content })
      assert.deepStrictEqual([answered, repeated, document.tags], [false, false, { order: "1" }])
      assert.strictEqual(toMillis(document.expiresAt) - toMillis(document.createdAt), 3_600_000)
      const [queued, ...more] = yield* store.read(streamOf(document.id))
      assert.deepStrictEqual([queued?.type.slice(0, 14), more], ["message.queued", []])
      const { data, metadata, stream } = queued!
      const stored = JSON.stringify([data, metadata, stream])
      assert.include(stored, document.waMessageId!)
      for (const personal of ["60123456789", "text 1"]) assert.notInclude(stored, personal)
      assert.deepStrictEqual(yield* messages.find("everybody", document.id), document)
    })
  )

  it.live("asked for again, at the same time or later, is the same one, and waits for the same outcome", () =>
    Effect.gen(function* () {
      const { messages, report, store, waits } = yield* messaging()
      const request = requestOf(1, { confirm: patient })
      const asked = yield* Effect.forEach([1, 2, 3], () => begin(messages.send(caller, request)))
      const { document } = yield* messages.send(caller, requestOf(1))
      yield* eventually(Effect.sync(waits.size), (open) => open === 3)
      yield* report(document.id, "sent")
      const answers = yield* Fiber.joinAll(asked)
      assert.isTrue(answers.every((one) => one.answered && one.document.status === "sent"))
      assert.deepStrictEqual(new Set(answers.map((one) => one.document.id)), new Set([document.id]))
      assert.lengthOf(
        answers.filter(({ repeated }) => !repeated),
        1
      )
      const later = yield* messages.send(caller, request)
      assert.deepStrictEqual([later.answered, later.repeated], [true, true])
      assert.lengthOf(yield* store.read(streamOf(document.id)), 2)
    })
  )

  it.live("is one for each client and key; with another content under the same key there is none", () =>
    Effect.gen(function* () {
      const { messages, store } = yield* messaging()
      const { document } = yield* messages.send(caller, requestOf(1))
      const others = [
        yield* messages.send({ ...caller, client: ClientId.make(uuid(202)) }, requestOf(1)),
        yield* messages.send(caller, requestOf(2))
      ]
      assert.strictEqual(new Set([document.id, ...others.map((one) => one.document.id)]).size, 3)
      const head = yield* store.head
      for (const change of [
        { content: { type: "text", text: "another" } },
        { device: otherDevice },
        { expiresInSeconds: 60 },
        { tags: { order: "1" } }
      ] as const) {
        const refused = yield* Effect.flip(messages.send(caller, requestOf(1, change)))
        assert.deepInclude(refused, { _tag: "OtherContent", message: document.id })
      }
      assert.strictEqual(yield* store.head, head)
    })
  )

  it.live("that an earlier release knows by another name is found under it", () =>
    Effect.gen(function* () {
      const { messages } = yield* messaging()
      const { document } = yield* messages.send(caller, requestOf(1, { idempotencyKey: "before" }))
      const again = yield* messages.send(caller, requestOf(1, { formerKey: "before" }))
      assert.deepStrictEqual([again.document.id, again.repeated], [document.id, true])
      const fresh = yield* messages.send(caller, requestOf(2, { formerKey: "never used" }))
      assert.isFalse(fresh.repeated)
      assert.strictEqual((yield* messages.send(caller, requestOf(2))).document.id, fresh.document.id)
    })
  )

  it.live("that was never asked for is not made by who repeats", () =>
    Effect.gen(function* () {
      const { messages, store } = yield* messaging()
      const head = yield* store.head
      assert.isUndefined(yield* messages.repeat(caller, requestOf(1)))
      assert.strictEqual(yield* store.head, head)
      const { document } = yield* messages.send(caller, requestOf(1))
      const repeated = yield* messages.repeat(caller, requestOf(1))
      assert.deepInclude(repeated, { repeated: true, document })
    })
  )
})

describe("the answer", () => {
  it.live("is heard when it comes before the accepting is over", () =>
    Effect.gen(function* () {
      const { messages, record, world } = yield* messaging()
      world.after = (stream) =>
        Effect.asVoid(record(stream, "message.sent.v1", { attempt: 1, at: "2030-01-01T00:00:00.000Z" }))
      const { answered, document } = yield* messages.send(caller, requestOf(1, { confirm: patient }))
      assert.deepStrictEqual([answered, document.status], [true, "sent"])
    })
  )

  it.live("is waited for as long as was asked, of which the accepting is a part", () =>
    Effect.gen(function* () {
      const { messages, world } = yield* messaging()
      world.before = Effect.sleep("4 seconds")
      const began = performance.now()
      const sent = yield* messages.send(caller, requestOf(1, { confirm: { until: "sent", timeoutMs: 3_990 } }))
      assert.isFalse(sent.answered)
      assert.isBelow(performance.now() - began, 7_900)
    })
  )

  it.live("is what is known when waiting shall end, and nobody waits after that", () =>
    Effect.gen(function* () {
      const { messages, waits } = yield* messaging()
      const asked = yield* begin(messages.send(caller, requestOf(1, { confirm: patient })))
      yield* eventually(messages.repeat(caller, requestOf(1)), (found) => found !== undefined)
      yield* messages.releaseWaits
      assert.deepInclude(yield* Fiber.join(asked), { answered: false })
      assert.deepInclude(yield* messages.send(caller, requestOf(2, { confirm: patient })), { answered: false })
      assert.strictEqual(waits.size(), 0)
    })
  )

  it.live("is no concern of a caller that left: what it asked for is accepted, and its wait is over", () =>
    Effect.gen(function* () {
      const { messages, waits, world } = yield* messaging()
      const [asked, held] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      world.before = Effect.andThen(Deferred.succeed(asked, undefined), Deferred.await(held))
      const leaving = yield* begin(messages.send(caller, requestOf(1, { confirm: patient })))
      yield* Deferred.await(asked)
      const left = yield* begin(Fiber.interrupt(leaving))
      yield* Deferred.succeed(held, undefined)
      yield* Fiber.join(left)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(leaving)))
      assert.isDefined(yield* messages.repeat(caller, requestOf(1)))
      const waiting = yield* begin(messages.send(caller, requestOf(1, { confirm: patient })))
      assert.strictEqual(waits.size(), 1)
      yield* Fiber.interrupt(waiting)
      assert.strictEqual(waits.size(), 0)
    })
  )
})

describe("personal data", () => {
  it.live("of somebody who was erased is absent, and a message to them is there all the same", () =>
    Effect.gen(function* () {
      const { keys, messages, store } = yield* messaging()
      const { document } = yield* messages.send(caller, requestOf(1))
      const [queued] = yield* store.read(streamOf(document.id))
      yield* keys.destroy(defaultTenant, (queued!.data as { recipients: [never] }).recipients[0])
      const found = yield* messages.find("everybody", document.id)
      assert.deepStrictEqual(found, { ...document, to: undefined, content: undefined })
      const { items } = yield* eventually(
        messages.list({ whose: "everybody", status: undefined, device, after: undefined, limit: 10 }),
        (page) => page.items.length === 1
      )
      assert.deepStrictEqual<unknown>(items, [found])
    })
  )

  it.live("that is not what was written there is absent, and what it belongs to is there", () =>
    Effect.gen(function* () {
      const { messages, record, store } = yield* messaging()
      const { document } = yield* messages.send(caller, requestOf(1))
      const [queued] = yield* store.read(streamOf(document.id))
      const moved = streamOf(uuid(9) as never) // its boxes are bound to another event
      yield* record(moved, queued!.type, queued!.data)
      const found = yield* messages.find("everybody", uuid(9) as never)
      assert.deepInclude<object>(found!, { id: uuid(9), to: undefined, content: undefined })
      assert.isUndefined(yield* messages.find("everybody", uuid(8) as never))
    })
  )
})

it.live("lists the newest first, page by page, and says where the next one begins", () =>
  Effect.gen(function* () {
    const { messages } = yield* messaging()
    const ids: Array<string> = []
    for (const n of [1, 2, 3]) ids.unshift((yield* messages.send(caller, requestOf(n))).document.id)
    const all = { whose: "everybody", status: undefined, device: undefined, after: undefined } as const
    yield* eventually(messages.list({ ...all, limit: 10 }), ({ items }) => items.length === 3)
    const first = yield* messages.list({ ...all, limit: 2 })
    const second = yield* messages.list({ ...all, limit: 2, after: first.next })
    assert.deepStrictEqual(
      [first, second].map(({ items }) => items.map(({ id }) => id as string)),
      [ids.slice(0, 2), ids.slice(2)]
    )
    assert.isUndefined(second.next)
    assert.isUndefined((yield* messages.list({ ...all, limit: 3 })).next)
    assert.lengthOf(yield* messages.history("everybody", first.items[0]!.id), 1)
  })
)

it.live("a message is there for the client that queued it, and for who reads everybody's", () =>
  Effect.gen(function* () {
    const { messages, record } = yield* messaging()
    const other: Caller = { client: ClientId.make(uuid(202)), key: ApiKeyId.make("key2") }
    const events = [
      [caller, caller.key],
      [caller, ApiKeyId.make("key3")],
      [other, other.key]
    ] as const
    for (const [{ client }, key] of events) {
      const issued = { key, digest: "digest", scopes: ["messages:send"] }
      yield* record(StreamId.make(`client-${client}`), "client.key_issued.v1", issued)
    }
    const sent = [
      yield* messages.send(caller, requestOf(1)),
      yield* messages.send({ ...caller, key: ApiKeyId.make("key3") }, requestOf(2)),
      yield* messages.send(other, requestOf(3)),
      yield* messages.send(configured, requestOf(4))
    ].map(({ document }) => document.id)
    const listed = (whose: Whose) =>
      Effect.map(messages.list({ whose, status: undefined, device: undefined, after: undefined, limit: 10 }), (page) =>
        page.items.map(({ id }) => sent.indexOf(id)).toReversed()
      )
    const found = (whose: Whose) =>
      Effect.map(
        Effect.forEach(sent, (id) => messages.find(whose, id)),
        (all) => all.flatMap((document, i) => (document === undefined ? [] : [i]))
      )
    yield* eventually(listed("everybody"), (all) => all.length === 4)
    const by = (client: ClientId, ...devices: ReadonlyArray<DeviceId>): Whose => ({
      client,
      devices: devices.length === 0 ? "all" : new Set(devices)
    })
    const expected: ReadonlyArray<readonly [Whose, ReadonlyArray<number>]> = [
      ["everybody", [0, 1, 2, 3]],
      [by(caller.client), [0, 1]],
      [by(caller.client, device), [0, 1]],
      [by(caller.client, DeviceId.make(uuid(104))), []],
      [{ client: caller.client, devices: new Set() }, []],
      [by(other.client), [2]],
      [by(configured.client), [3]],
      [by(ClientId.make(uuid(203))), []]
    ]
    for (const [whose, theirs] of expected) {
      assert.deepStrictEqual([yield* listed(whose), yield* found(whose)], [[...theirs], [...theirs]])
    }
    assert.lengthOf(yield* messages.history(by(other.client), sent[2]!), 1)
    assert.lengthOf(yield* messages.history(by(other.client), sent[0]!), 0)
  })
)

it.live("rows that somebody changed hide no message: what they say wrong is read from the log, or absent", () =>
  Effect.gen(function* () {
    const { messages, sql } = yield* messaging()
    const sent = yield* Effect.forEach([1, 2, 3], (n) => messages.send(caller, requestOf(n)))
    const [first, second, third] = sent.map(({ document }) => document)
    const list = messages.list({ whose: "everybody", status: undefined, device, after: undefined, limit: 10 })
    yield* eventually(list, ({ items }) => items.length === 3)
    yield* sql`UPDATE messages SET queued = 'nonsense' WHERE id = ${first!.id}`
    yield* sql`UPDATE messages SET command = ${uuid(9)} WHERE id = ${second!.id}`
    yield* sql`UPDATE messages SET reports = '[{"kind":"said"}]', id = ${uuid(8)} WHERE id = ${third!.id}`
    assert.deepStrictEqual((yield* list).items, [{ ...second!, to: undefined, content: undefined }, first!])
  })
)
