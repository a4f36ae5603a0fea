import { Effect, Schema, Stream } from "effect"
import { aggregates, categories } from "#domain/Aggregates.ts"
import { UnreadableEvent } from "#domain/Events.ts"
import { categoryOf, type StreamId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Metadata, type RecordedEvent } from "#domain/Recorded.ts"

/** What is wrong in the log, and where: never what stands there. */
export interface Flaw {
  readonly stream: StreamId
  readonly position: bigint
  readonly problem: string
}

const isMetadata = Schema.is(Metadata)

const problemOf = (event: RecordedEvent): string | undefined => {
  const read = aggregates.find(({ category }) => category === categoryOf(event.stream))?.read
  if (!isMetadata(event.metadata)) return "malformed metadata"
  try {
    read?.(event)
    return undefined
  } catch (cause) {
    if (!(cause instanceof UnreadableEvent)) return "malformed data"
    return cause.problem === "unknown type" ? undefined : cause.problem // of a newer release, which shares the log
  }
}

/** Reads every event as whoever folds it does, and whether each stream has all that came before. */
export const logFlaws = Effect.gen(function* () {
  const store = yield* EventStore
  const head = yield* store.head
  const flaws: Array<Flaw> = []
  const revisions = new Map<StreamId, number>()
  const look = (event: RecordedEvent) => {
    const { position, revision, stream } = event
    const last = revisions.get(stream) ?? -1
    revisions.set(stream, revision)
    const problem = revision === last + 1 ? problemOf(event) : "an event before it is missing"
    if (problem !== undefined) flaws.push({ stream, position, problem })
  }
  if (head === undefined) return { events: 0, flaws }
  let events = 0
  yield* store.subscribe({ categories, after: undefined }).pipe(
    Stream.takeUntil(({ position }) => position >= head),
    Stream.runForEach((event) =>
      Effect.sync(() => {
        events++
        look(event)
      })
    )
  )
  return { events, flaws }
})
