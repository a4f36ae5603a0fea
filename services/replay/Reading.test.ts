import { assert, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { EventId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import { away, home, queued, reported, uuid } from "../testing/ViewsFixture.ts"
import { type Asked, pages } from "./Reading.ts"

const [one, other] = ["a".repeat(43), "b".repeat(43)]

/** Three messages, each queued and reported on: to one from home, to another from home, to one from away with a tag. */
const recorded = Effect.gen(function* () {
  const store = yield* EventStore
  for (const [n, device, subject, tags] of [
    [1, home, one, {}],
    [2, home, other, {}],
    [3, away, one, { order: "7" }]
  ] as const) {
    const first = queued(n, 0n, device)
    const { recipient } = first.data as { readonly recipient: { readonly address: object } }
    const data = { ...first.data, tags, recipient: { ...recipient, address: { ...recipient.address, subject } } }
    for (const [revision, event] of [{ ...first, data }, reported(n, 1, 0n, "sent")].entries()) {
      const { metadata, stream, type } = event
      const eventId = EventId.make(uuid(n * 10 + revision))
      yield* store.append(stream, revision === 0 ? "no_stream" : revision - 1, [
        { eventId, type, data: event.data, metadata }
      ])
    }
  }
})

it.live("finds what a message's first event says, with all that was recorded of it: by chat, device and tag", () =>
  Effect.gen(function* () {
    yield* recorded
    const head = (yield* (yield* EventStore).head)!
    const found = Effect.fnUntraced(function* (asked: Asked) {
      const events = yield* Stream.runCollect(pages(asked, head))
      return [...events].map(({ revision, stream }) => `${Number(stream.slice(-12))}.${revision}`).join(" ")
    })
    const tag = { key: "order", value: "7" }
    assert.strictEqual(yield* found({}), "1.0 1.1 2.0 2.1 3.0 3.1")
    assert.strictEqual(yield* found({ chat: new Set([one]) }), "1.0 1.1 3.0 3.1")
    assert.strictEqual(yield* found({ chat: new Set([one]), device: home }), "1.0 1.1")
    assert.strictEqual(yield* found({ chat: new Set(["c".repeat(43)]) }), "")
    assert.strictEqual(yield* found({ device: away }), "3.0 3.1")
    assert.strictEqual(yield* found({ tag }), "3.0 3.1")
    assert.strictEqual(yield* found({ tag: { ...tag, value: "8" } }), "")
    assert.strictEqual(yield* found({ device: home, from: { position: head } }), "")
  }).pipe(Effect.provide(Layer.fresh(Sqlite.layer(":memory:"))))
)
