import { Array, Effect, Stream } from "effect"
import { categories } from "#domain/Aggregates.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { pastOf } from "../runtime/Past.ts"
import * as Rows from "../views/Rows.ts"
import type { RowsView } from "../views/RowsView.ts"
import type { Progress } from "./Reading.ts"

/** Events in a transaction. */
const together = 2_000

/** Makes rows of these views from the log, in a database that is nobody's yet; and goes on, when asked again. */
export const rebuilding = Effect.fnUntraced(function* (views: ReadonlyArray<RowsView>) {
  const store = yield* EventStore
  const rows = yield* Rows.openAlone(views)
  let after = rows.behind
  let events = 0

  return Effect.fnUntraced(function* (upTo: bigint, progress: Progress = () => {}) {
    if (after !== undefined && after >= upTo) return events
    yield* pastOf(categories, upTo, after).pipe(
      Stream.rechunk(together),
      Stream.runForEachArray((page) =>
        Effect.map(rows.write(page), () => {
          events += page.length
          after = Array.lastNonEmpty(page).position
          progress(after, events)
        })
      ),
      Effect.provideService(EventStore, store)
    )
    return events
  })
})
