import { assert } from "@effect/vitest"
import type { AppendExpectedRevision } from "@eventstore/db-client"
import { Effect } from "effect"
import {
  alike,
  Connected,
  eventsIn,
  freshStream,
  newEvent,
  newEvents,
  paths,
  rejection
} from "./testing/TestClients.ts"

const [a, b, c, d, e] = newEvents(5) as [Event, Event, Event, Event, Event]
type Event = ReturnType<typeof newEvent>

/** Appended before: a and b to the new stream, then c and d, then e. */
const again: ReadonlyArray<{
  readonly name: string
  readonly expected: AppendExpectedRevision
  readonly events: ReadonlyArray<Event>
  readonly answer: bigint | "wrong-expected-version"
  readonly stored?: true
}> = [
  { name: "the same at no_stream", expected: "no_stream", events: [a, b], answer: 1n },
  { name: "the same at its revision", expected: 1n, events: [c, d], answer: 3n },
  { name: "the same ids, other data", expected: "no_stream", events: [{ ...a, data: { n: 9 } }, b], answer: 1n },
  { name: "the same ids, another type", expected: "no_stream", events: [{ ...a, type: "other" }, b], answer: 1n },
  { name: "the first part", expected: "no_stream", events: [a], answer: 0n },
  { name: "all as one", expected: "no_stream", events: [a, b, c, d, e], answer: 4n },
  { name: "the second at no_stream", expected: "no_stream", events: [b], answer: "wrong-expected-version" },
  { name: "the second at the revision before it", expected: 0n, events: [b], answer: 1n },
  { name: "reordered", expected: "no_stream", events: [b, a], answer: "wrong-expected-version" },
  { name: "a known, then a new", expected: "no_stream", events: [a, newEvent()], answer: "wrong-expected-version" },
  { name: "all known, then a new", expected: 1n, events: [c, d, newEvent()], answer: "wrong-expected-version" },
  { name: "a new, then a known", expected: "no_stream", events: [newEvent(), a], answer: "wrong-expected-version" },
  { name: "the last known, then a new", expected: 3n, events: [e, newEvent()], answer: "wrong-expected-version" },
  { name: "a new one", expected: 0n, events: [newEvent()], answer: "wrong-expected-version" },
  { name: "past the end", expected: 9n, events: [newEvent()], answer: "wrong-expected-version" },
  { name: "a known id at the current revision", expected: 4n, events: [a], answer: 5n, stored: true },
  { name: "any, the first part", expected: "any", events: [a], answer: 0n },
  { name: "any, the last", expected: "any", events: [d, e], answer: 4n },
  { name: "any, a new", expected: "any", events: [newEvent()], answer: 5n, stored: true },
  { name: "any, a known, then a new", expected: "any", events: [a, newEvent()], answer: "wrong-expected-version" },
  { name: "stream_exists, the first part", expected: "stream_exists", events: [a, b], answer: 1n }
]

/** Gives every event an id for this test alone, always the same. */
const ownIds = () => {
  const ids = new Map<string, string>()
  return (event: Event): Event => {
    const id = ids.get(event.id) ?? crypto.randomUUID()
    ids.set(event.id, id)
    return { ...event, id }
  }
}

alike("appends", (it) => {
  for (const { options, path } of paths) {
    for (const { answer, events, expected, name, stored } of again) {
      it.effect(`${path}, appended again: ${name}: ${answer}`, () =>
        Effect.gen(function* () {
          const { client } = yield* Connected
          const stream = freshStream()
          const own = ownIds() // an id that is known from another stream is another matter
          const append = (expectedRevision: AppendExpectedRevision, events: ReadonlyArray<Event>) =>
            client.appendToStream(stream, events.map(own), { expectedRevision, ...options })
          const last = yield* Effect.promise(async () => {
            await append("no_stream", [a, b])
            await append(1n, [c, d])
            return append(3n, [e])
          })
          const before = (yield* eventsIn(client, stream)).map(({ position }) => position.commit)

          if (typeof answer === "string") {
            const error = yield* rejection(append(expected, events))
            assert.strictEqual(error.type, answer)
            assert.strictEqual(error.streamName, stream)
            assert.strictEqual(error.expectedVersion, expected)
            assert.strictEqual(error.actualVersion, 4n)
          } else {
            const { nextExpectedRevision, position } = yield* Effect.promise(() => append(expected, events))
            assert.strictEqual(nextExpectedRevision, answer)
            if (!stored) assert.deepStrictEqual(position?.commit, before[Number(answer)])
            else assert.isAbove(Number(position?.commit), Number(last.position?.commit))
          }
          const known = [a, b, c, d, e].map((event) => own(event).id)
          assert.deepStrictEqual(
            (yield* eventsIn(client, stream)).map(({ id }) => id),
            stored ? [...known, own(events[0]!).id] : known
          )
        })
      )
    }
  }
})
