import { assert } from "@effect/vitest"
import { Array, Effect } from "effect"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { NewEvent } from "#domain/Recorded.ts"
import { a, b, c, d, freshStream, type It, newEvent } from "./Fixtures.ts"

export const repetitions = (it: It) => {
  const appendedBefore: Array<{
    readonly name: string
    readonly expected: "no_stream" | number
    readonly again: Array.NonEmptyReadonlyArray<NewEvent>
    readonly answer: number | "refused"
  }> = [
    { name: "the same at no_stream", expected: "no_stream", again: [a, b], answer: 1 },
    { name: "the first part of it", expected: "no_stream", again: [a], answer: 0 },
    { name: "the same at its revision", expected: 1, again: [c, d], answer: 3 },
    { name: "the rest of an append", expected: 0, again: [b], answer: 1 },
    { name: "two appends as one", expected: "no_stream", again: [a, b, c], answer: 2 },
    {
      name: "the same ids with other content, which is dropped",
      expected: "no_stream",
      again: [
        { ...a, type: "other.v1", data: { other: true } },
        { ...b, data: { other: true } }
      ],
      answer: 1
    },
    { name: "only its second event at no_stream", expected: "no_stream", again: [b], answer: "refused" },
    { name: "its events in another order", expected: "no_stream", again: [b, a], answer: "refused" },
    {
      name: "a known event, then a new one",
      expected: "no_stream",
      again: [a, newEvent("new.v1")],
      answer: "refused"
    },
    {
      name: "a new event, then a known one",
      expected: "no_stream",
      again: [newEvent("new.v1"), b],
      answer: "refused"
    },
    { name: "all known and one new", expected: 1, again: [c, d, newEvent("new.v1")], answer: "refused" },
    { name: "new events only", expected: 1, again: [newEvent("new.v1")], answer: "refused" }
  ]
  for (const { again, answer, expected, name } of appendedBefore) {
    it.effect(`append again, ${name}: ${answer === "refused" ? "refused" : "the first answer"}`, () =>
      Effect.gen(function* () {
        const store = yield* EventStore
        const stream = freshStream()
        yield* store.append(stream, "no_stream", [a, b])
        yield* store.append(stream, 1, [c, d])
        const before = yield* store.read(stream)

        const exit = yield* Effect.exit(store.append(stream, expected, again))
        if (answer === "refused") {
          assert.strictEqual((yield* Effect.flip(exit))._tag, "WrongExpectedRevision")
        } else {
          assert.deepStrictEqual(yield* exit, { revision: answer, position: before[answer]!.position })
        }
        assert.deepStrictEqual(yield* store.read(stream), before)
      })
    )
  }

  it.effect("answers an append and its concurrent repetitions the same, and stores it once", () =>
    Effect.gen(function* () {
      const store = yield* EventStore
      const stream = freshStream()
      // ids of their own: EventStoreDB knows an append that is still under way by its ids alone, whatever the stream
      const events = [newEvent("a.v1"), newEvent("b.v1")] as const
      const append = Effect.retry(store.append(stream, "no_stream", events), {
        times: 5,
        while: ({ _tag }) => _tag === "EventStoreUnavailable"
      })
      const answers = yield* Effect.all(
        Array.makeBy(10, () => append),
        { concurrency: "unbounded" }
      )
      const stored = yield* store.read(stream)
      assert.strictEqual(stored.length, 2)
      for (const answer of answers) assert.deepStrictEqual(answer, { revision: 1, position: stored[1]!.position })
    })
  )
}
