import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { StreamId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { eventually } from "#domain/testing/Eventually.ts"
import { newEvent, typesOf } from "#infra/event-store/contract/Fixtures.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import { home, queued, reported, uuid } from "../testing/ViewsFixture.ts"
import { layer, type Wait, Waits } from "./Waits.ts"

const streamOf = (n: number) => StreamId.make(`message-${uuid(n)}`)

/** Writes a message's next event, as any process may that shares the log. */
const record = Effect.fnUntraced(function* (n: number, kind: string) {
  const store = yield* EventStore
  const revision = (yield* store.read(streamOf(n))).length
  const { data, type } = kind === "queued" ? queued(n, 0n, home) : reported(n, revision, 0n, kind)
  yield* store.append(streamOf(n), revision === 0 ? "no_stream" : revision - 1, [newEvent(type, data)])
})
const heard = (wait: Wait, count: number) =>
  eventually(
    Effect.sync(() => wait.heard.length),
    (length) => length === count
  )

const setting = layer.pipe(Layer.provideMerge(Sqlite.layer(":memory:")))

describe("a wait", () => {
  it.live("hears what is recorded after it was opened, of its stream, in order", () =>
    Effect.gen(function* () {
      const { open } = yield* Waits
      const [one, same, other] = [open(streamOf(1)), open(streamOf(1)), open(streamOf(2))]
      for (const kind of ["queued", "attempting", "sent"]) yield* record(1, kind)
      yield* record(2, "queued")
      yield* heard(other, 1)
      for (const wait of [one, same]) {
        assert.deepStrictEqual(typesOf(wait.heard), ["message.queued.v1", "message.attempting.v1", "message.sent.v1"])
      }
    }).pipe(Effect.provide(setting))
  )

  it.live("keeps what came before anybody listened, and tells whoever listens what comes then", () =>
    Effect.gen(function* () {
      const { open } = yield* Waits
      const wait = open(streamOf(1))
      yield* record(1, "queued")
      yield* heard(wait, 1)
      const told: Array<string> = []
      wait.onEvent = ({ type }) => void told.push(type)
      yield* record(1, "sent")
      yield* heard(wait, 2)
      assert.deepStrictEqual(told, ["message.sent.v1"])
    }).pipe(Effect.provide(setting))
  )

  it.live("is open until it is closed, once; then it hears nothing, and others go on", () =>
    Effect.gen(function* () {
      const { open, size } = yield* Waits
      const [leaving, staying] = [open(streamOf(1)), open(streamOf(1))]
      leaving.onEvent = leaving.close // as one that has its answer does, while others are still to be told
      assert.strictEqual(size(), 2)
      yield* record(1, "queued")
      yield* heard(staying, 1)
      assert.strictEqual(size(), 1)
      leaving.close()
      assert.strictEqual(size(), 1)
      yield* record(1, "sent")
      yield* heard(staying, 2)
      assert.strictEqual(leaving.heard.length, 1)
      staying.close()
      assert.strictEqual(size(), 0)
      const later = open(streamOf(1))
      assert.strictEqual(size(), 1)
      assert.deepStrictEqual(later.heard, [])
    }).pipe(Effect.provide(setting))
  )

  it.live("is told once, with all the others, that waiting shall end; later ones learn it by asking", () =>
    Effect.gen(function* () {
      const { open, releaseAll, released } = yield* Waits
      const told: Array<number> = []
      for (const n of [1, 1, 2, 3]) {
        const wait = open(streamOf(n))
        wait.onRelease = () => {
          told.push(n)
          wait.close()
        }
      }
      open(streamOf(4)) // nobody listens yet
      assert.isFalse(released())
      yield* releaseAll
      assert.deepStrictEqual([told, released()], [[1, 1, 2, 3], true])
      yield* releaseAll
      assert.lengthOf(told, 4)
    }).pipe(Effect.provide(setting))
  )

  it.live("of a process that starts hears nothing of what was in the log before", () =>
    Effect.gen(function* () {
      for (const kind of ["queued", "attempting"]) yield* record(1, kind)
      yield* Effect.gen(function* () {
        const { open } = yield* Waits
        const wait = open(streamOf(1))
        yield* record(1, "sent")
        yield* heard(wait, 1)
        assert.deepStrictEqual(typesOf(wait.heard), ["message.sent.v1"])
      }).pipe(Effect.provide(Layer.fresh(layer)))
    }).pipe(Effect.provide(Sqlite.layer(":memory:")))
  )
})
