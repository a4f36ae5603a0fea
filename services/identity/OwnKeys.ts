import { Effect, Layer, Option, Stream } from "effect"
import { categoryOf } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import { Identity } from "./Identity.ts"
import { Adopting, NotThisLogs } from "./Installation.ts"

/** Whether anything in the log is sealed under a key. Every category is looked at, so that the head is seen. */
const speaksOfSubjects = Effect.gen(function* () {
  const store = yield* EventStore
  const head = yield* store.head
  if (head === undefined) return false
  const categories = ["message", "device", "client", "store"]
  const first = store.subscribe({ categories, after: undefined }).pipe(
    Stream.takeUntil(({ position }) => position >= head),
    Stream.filter(({ stream }) => categoryOf(stream) !== "store"),
    Stream.runHead
  )
  return Option.isSome(yield* first)
})

/**
 * Refuses subject keys of another log, and none at all for a log that needs some: what is sealed in it could not be read,
 * and nobody would say so. Keys that belong to no log yet become this one's.
 */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const keys = yield* SubjectKeys
    const adopting = yield* Adopting
    const { store } = (yield* Identity).known().state
    const { isEmpty, log } = yield* keys.ownership
    if (log !== undefined && log !== store && !adopting) return yield* new NotThisLogs({ reason: "other_keys" })
    if (isEmpty && (yield* speaksOfSubjects)) {
      if (log === undefined && !adopting) return yield* new NotThisLogs({ reason: "no_keys" })
      yield* Effect.logError("there is no subject key: what the log says of people so far cannot be read")
    }
    if (log !== store) yield* keys.claim(store)
  })
)
