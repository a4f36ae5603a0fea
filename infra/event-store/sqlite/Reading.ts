import { Effect, Layer, Schedule } from "effect"
import { categories } from "#domain/Aggregates.ts"
import { EventStore, EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import * as Reading from "../../sqlite/Reading.ts"
import { eventsTable } from "./EventsTable.ts"
import { liveTail } from "./LiveTail.ts"
import { pagesOf } from "./Pages.ts"

/** How often it is looked for what another process has written. */
const interval = "200 millis"

const refused = new EventStoreUnavailable({ written: "no", cause: new Error("the log is open for reading alone") })

/** The log in a file that another process may be writing. Nothing is appended. */
export const layer = (file: string) =>
  Layer.effect(
    EventStore,
    Effect.gen(function* () {
      const db = yield* Reading.open(file)
      const table = eventsTable(db)
      const tail = liveTail(pagesOf(table))
      const trying = <A>(question: () => A) =>
        Effect.try({ try: question, catch: (cause) => new EventStoreUnavailable({ written: "no", cause }) })

      let seen = yield* trying(() => table.head() ?? 0n)
      const look = trying(() => {
        const head = table.head() ?? 0n
        if (head <= seen) return
        const events = table.page(categories, seen, head)
        seen = head
        tail.publish(events)
      })
      yield* Effect.forkScoped(Effect.repeat(Effect.ignore(look), Schedule.spaced(interval)))

      return EventStore.of({
        append: () => Effect.fail(refused),
        appendable: Effect.fail(refused),
        read: (stream) => trying(() => table.read(stream)),
        subscribe: ({ after, categories, passed }) => tail.subscribe(categories, after ?? 0n, passed),
        head: trying(table.head),
        at: (position) => trying(() => table.at(position))
      })
    })
  )
