import { Effect, Layer, Schedule, Schema } from "effect"
import { EventId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Ledger } from "#domain/ports/Ledger.ts"
import { checkpoints, deliverer, dispatcher, type Mark, metaCheckpoints } from "../tables/Positions.ts"
import type { Table } from "../tables/Tables.ts"
import { Identity } from "./Identity.ts"
import { isDeviceThere, marksIn } from "./ReachedRows.ts"

const remedy =
  "Was it restored from a copy? With every gateway stopped: restore the newest copy there is, delete views.db, or put the " +
  "dump of the subject keys into an empty database, and run `homing store raise-epoch` before the next start " +
  "(docs/operations.md, The log restored without the agents)"

/** The log has lost its end: what was read from it before would be taken for what comes at those places now. */
export class LogIsOlder extends Schema.TaggedError<LogIsOlder>()("LogIsOlder", {
  what: Schema.String,
  position: Schema.BigInt,
  head: Schema.UndefinedOr(Schema.BigInt)
}) {
  override get message() {
    return `the log is older than ${this.what}: it ends at ${this.head ?? "nothing"}, and they have come to ${this.position}. ${remedy}`
  }
}

/** The log has lost its end and has grown since: what it holds now was not read, and never would be. */
export class LogIsOther extends Schema.TaggedError<LogIsOther>()("LogIsOther", {
  what: Schema.String,
  position: Schema.BigInt,
  expected: EventId,
  found: Schema.UndefinedOr(EventId)
}) {
  override get message() {
    return (
      `the log is not the one of ${this.what}: at ${this.position} they have read the event ${this.expected}, ` +
      `and there stands ${this.found ?? "none"}. ${remedy}`
    )
  }
}

type Reached = Mark & { readonly what: string }

/** Another server of the log's may be a moment behind the one that was read from. */
const again = { schedule: Schedule.spaced("200 millis"), times: 5 }

/** `reached` is read first: meanwhile the log only grows. */
const refuseOlder = <E, R>(reached: Effect.Effect<ReadonlyArray<Reached>, E, R>) =>
  Effect.gen(function* () {
    const store = yield* EventStore
    const all = yield* reached
    const look = Effect.gen(function* () {
      const head = yield* store.head
      for (const { eventId, position, what } of all) {
        if (head === undefined || position > head) return yield* new LogIsOlder({ what, position, head })
        if (eventId === undefined) continue
        const found = yield* store.at(position)
        if (found !== eventId) return yield* new LogIsOther({ what, position, expected: eventId, found })
      }
    })
    yield* Effect.retry(look, { ...again, while: ({ _tag }) => _tag === "LogIsOlder" || _tag === "LogIsOther" })
  })

const reachedIn = (table: Table, what: string) =>
  Effect.map(marksIn(table), (marks) => marks.map((mark): Reached => ({ what, ...mark })))

/** Refuses a log that is not the one of its views, or of what was handed to agents or endpoints. */
export const views = Layer.effectDiscard(
  refuseOlder(
    Effect.map(
      Effect.all([
        reachedIn(checkpoints, "its views"),
        reachedIn(dispatcher, "the commands that were handed to agents"),
        reachedIn(deliverer, "what was delivered to endpoints"),
        reachedIn(metaCheckpoints, "what was taken apart of Meta's requests")
      ]),
      (found) => found.flat()
    )
  )
)

/** The dispatcher does not go back by itself: what it handed to a ledger that is gone is not issued again. */
const remarkOnEmptyLedger = Effect.gen(function* () {
  const marks = yield* marksIn(dispatcher)
  const furthest = marks.reduce((most, { position }) => (position > most ? position : most), -1n)
  if (yield* isDeviceThere(furthest))
    yield* Effect.logError("the ledger is empty, and commands were handed to it: delete views.db as well")
})

/** Refuses a log that is not the one of what the agent's ledger has of the same epoch. */
export const ledger = Layer.effectDiscard(
  refuseOlder(
    Effect.gen(function* () {
      const furthest = yield* (yield* Ledger).reached((yield* Identity).epoch)
      if (furthest === undefined) yield* remarkOnEmptyLedger
      if (furthest === undefined) return []
      const { commandId: eventId, position } = furthest
      return [{ what: "the commands in ledger.db", eventId, position }]
    })
  )
)
