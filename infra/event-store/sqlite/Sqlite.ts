import { Effect, Exit, Layer } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import { fromMillis } from "#domain/Instant.ts"
import { EventStore, EventStoreUnavailable, WrongExpectedRevision } from "#domain/ports/EventStore.ts"
import * as Database from "../../sqlite/Database.ts"
import * as GroupCommit from "../../sqlite/GroupCommit.ts"
import { encode } from "./EventRow.ts"
import { setUp } from "./EventsSchema.ts"
import { eventsTable, type Insertion } from "./EventsTable.ts"
import { liveTail } from "./LiveTail.ts"
import { pagesOf } from "./Pages.ts"

const make = Effect.fnUntraced(function* (file: string) {
  const now = yield* Clocks.wall
  const { db, tables: table } = yield* Database.openWith(file, { durability: "commit", schema: setUp }, eventsTable)

  const tail = liveTail(pagesOf(table))

  const group = yield* GroupCommit.make<Insertion>(db, (insertions) =>
    tail.publish(insertions.flatMap((insertion) => (insertion._tag === "Stored" ? insertion.events : [])))
  )

  const trying = <A>(question: () => A) =>
    Effect.try({ try: question, catch: (cause) => new EventStoreUnavailable({ written: "no", cause }) })

  return EventStore.of({
    append: (stream, expected, events) =>
      Effect.suspend(() => {
        const encoded = events.map(encode) // before the transaction: what is not JSON is the caller's defect alone
        const insert = () => table.insert(stream, expected, encoded, fromMillis(now()))
        return Effect.matchEffect(group.write(insert), {
          onSuccess: (insertion) =>
            insertion._tag === "Refused"
              ? Exit.fail(new WrongExpectedRevision({ stream, expected }))
              : Exit.succeed({ revision: insertion.last.revision, position: insertion.last.position }),
          onFailure: ({ cause, written }) => Exit.fail(new EventStoreUnavailable({ written, cause }))
        })
      }),
    read: (stream) => trying(() => table.read(stream)),
    subscribe: ({ after, categories, passed }) => tail.subscribe(categories, after ?? 0n, passed),
    head: trying(table.head),
    at: (position) => trying(() => table.at(position)),
    appendable: Effect.mapError(group.usable, ({ cause, written }) => new EventStoreUnavailable({ written, cause }))
  })
})

/** The log in one SQLite file, durable at every commit. One process, one store per file. */
export const layer = (file: string) => Layer.effect(EventStore, make(file))
