import { Array, Clock, Effect, Stream } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { categories } from "#domain/Aggregates.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { CheckpointMoved } from "../runtime/Checkpoint.ts"
import { pastOf } from "../runtime/Past.ts"
import * as Beside from "./Beside.ts"
import * as Rows from "./Rows.ts"
import type { RowsView } from "./RowsView.ts"
import { Seals } from "./Seals.ts"

/** Events in a transaction: whoever asks something meanwhile waits for one. */
const together = 200
/** Between two of them the live rows are written, and callers answered. */
const pause = "5 millis"
/** So many are written before anybody notices that nobody else writes. */
const fewEvents = 2_000
const toldMillis = 10_000

/** Rows beside that are not as far as the log. */
export interface Making {
  readonly views: ReadonlyArray<string>
  readonly position: bigint | undefined
  readonly upTo: bigint | undefined
}

/** Writes rows from the log, each array in a transaction; goes on when asked again. */
export const fromTheLog = Effect.fnUntraced(function* <E, R>(
  rows: {
    readonly behind: bigint | undefined
    readonly write: (events: Array.NonEmptyReadonlyArray<RecordedEvent>) => Effect.Effect<unknown, E, R>
  },
  atOnce: number
) {
  const store = yield* EventStore
  let after = rows.behind
  let events = 0
  return Effect.fnUntraced(function* (
    upTo: bigint,
    progress: (position: bigint, events: number) => Effect.Effect<void>
  ) {
    if (after !== undefined && after >= upTo) return events
    yield* pastOf(categories, upTo, after).pipe(
      Stream.rechunk(atOnce),
      Stream.runForEachArray((page) =>
        Effect.flatMap(rows.write(page), () => {
          events += page.length
          after = Array.lastNonEmpty(page).position
          return progress(after, events)
        })
      ),
      Effect.provideService(EventStore, store)
    )
    return events
  })
})

/**
 * Makes the rows of these views anew, beside those that are read meanwhile. `nearly` ends when hardly anything is missing;
 * `finish`, while nobody writes the others, puts them in their place: all of one view at once.
 */
export const make = <E>(
  views: ReadonlyArray<RowsView>,
  transact: <A, E2 extends SqlError.SqlError | CheckpointMoved | Rows.RowLost>(
    work: Effect.Effect<A, E2>
  ) => Effect.Effect<A, E | E2>,
  tell: (making: Making | undefined) => void
) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const store = yield* EventStore
    const seals = yield* Seals
    const names = views.map(({ name }) => name)
    const rows = yield* Rows.open(views.map(Beside.beside), transact)
    const write = yield* fromTheLog(rows, together)
    let told = Number.NEGATIVE_INFINITY
    tell({ views: names, position: rows.behind, upTo: undefined })

    const goOn = (upTo: bigint) =>
      write(upTo, (position) =>
        Effect.gen(function* () {
          tell({ views: names, position, upTo })
          const now = yield* Clock.currentTimeMillis
          if (now - told >= toldMillis) {
            told = now
            const percent = Number((position * 100n) / upTo)
            yield* Effect.logInfo("rows are made anew beside those that are read meanwhile", { views: names, percent })
          }
          yield* Effect.sleep(pause)
        })
      )

    const nearly = Effect.gen(function* () {
      for (let before = 0; ; ) {
        const head = yield* store.head
        if (head === undefined) return
        const events = yield* goOn(head)
        if (events - before < fewEvents) return
        before = events
      }
    })

    const finish = Effect.gen(function* () {
      const checkpoints = yield* sql<Rows.Checkpoint>`SELECT * FROM checkpoints`
      for (const view of views) {
        const stands = Rows.positionOf(Rows.checkpointOf(view, checkpoints))
        if (stands !== undefined) yield* write(stands, () => Effect.void)
        const isDone = yield* transact(Effect.provideService(Beside.takeOver(sql, view), Seals, seals))
        if (isDone) yield* Effect.logInfo("rows made anew have taken the place of the others", { view: view.name })
      }
      tell(undefined)
    })

    return { nearly, finish }
  })
