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

/** Events looked at by one page: bounds the memory of catching up, and how long a page holds the event loop. */
const pageSize = 500

const make = Effect.fnUntraced(function* (file: string) {
  const now = yield* Clocks.wall
  const { db, tables: table } = yield* Database.openWith(file, { durability: "commit", schema: setUp }, eventsTable)

  const tail = liveTail((categories, after) => {
    const head = max(table.head() ?? 0n, after)
    // what is not about messages is little, and found without looking at them
    if (!categories.includes("message")) {
      const events = table.others(categories, after, pageSize)
      const upTo = events.length < pageSize ? head : events.at(-1)!.position
      return { events, upTo, last: upTo === head }
    }
    const upTo = min(after + BigInt(pageSize), head)
    return { events: table.page(categories, after, upTo), upTo, last: upTo === head }
  })

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

const min = (a: bigint, b: bigint) => (a < b ? a : b)
const max = (a: bigint, b: bigint) => (a > b ? a : b)

/** The log in one SQLite file, durable at every commit. One process, one store per file. */
export const layer = (file: string) => Layer.effect(EventStore, make(file))
