import { Effect, Layer, Schedule, Schema } from "effect"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Ledger } from "#domain/ports/Ledger.ts"
import { checkpoints, deliverer, dispatcher } from "../tables/Positions.ts"
import type { Table } from "../tables/Tables.ts"
import { Identity } from "./Identity.ts"
import { isDeviceThere, positionsIn } from "./ReachedRows.ts"

/** The log has lost its end: what was read from it before would be taken for what comes at those places now. */
export class LogIsOlder extends Schema.TaggedError<LogIsOlder>()("LogIsOlder", {
  what: Schema.String,
  position: Schema.BigInt,
  head: Schema.UndefinedOr(Schema.BigInt)
}) {
  override get message() {
    return (
      `the log is older than ${this.what}: it ends at ${this.head ?? "nothing"}, and they have come to ${this.position}. ` +
      "Was it restored from a copy? With every gateway stopped: restore the newest copy there is, delete views.db or the views' " +
      "database, and run `homing store raise-epoch` before the next start (docs/operations.md, The log restored without the agents)"
    )
  }
}

interface Reached {
  readonly what: string
  readonly position: bigint
}

/** Another server of the log's may be a moment behind the one that was read from. */
const again = { schedule: Schedule.spaced("200 millis"), times: 5 }

/** `reached` is read first: meanwhile the log only grows. */
const refuseOlder = <E, R>(reached: Effect.Effect<ReadonlyArray<Reached>, E, R>) =>
  Effect.gen(function* () {
    const store = yield* EventStore
    const all = yield* reached
    const look = Effect.gen(function* () {
      const head = yield* store.head
      for (const { position, what } of all) {
        if (head === undefined || position > head) return yield* new LogIsOlder({ what, position, head })
      }
    })
    yield* Effect.retry(look, { ...again, while: ({ _tag }) => _tag === "LogIsOlder" })
  })

const reachedIn = (table: Table, what: string) =>
  Effect.map(positionsIn(table), (positions) => positions.map((position): Reached => ({ what, position })))

/** Refuses a log that ends before its views, or before what was handed to agents or endpoints. */
export const views = Layer.effectDiscard(
  refuseOlder(
    Effect.map(
      Effect.all([
        reachedIn(checkpoints, "its views"),
        reachedIn(dispatcher, "the commands that were handed to agents"),
        reachedIn(deliverer, "what was delivered to endpoints")
      ]),
      (found) => found.flat()
    )
  )
)

/** The dispatcher does not go back by itself: what it handed to a ledger that is gone is not issued again. */
const remarkOnEmptyLedger = Effect.gen(function* () {
  const places = yield* positionsIn(dispatcher)
  const furthest = places.reduce((most, position) => (position > most ? position : most), -1n)
  if (yield* isDeviceThere(furthest))
    yield* Effect.logError("the ledger is empty, and commands were handed to it: delete views.db as well")
})

/** Refuses a log that ends before what the agent's ledger has of the same epoch. */
export const ledger = Layer.effectDiscard(
  refuseOlder(
    Effect.gen(function* () {
      const position = yield* (yield* Ledger).reached((yield* Identity).epoch)
      if (position === undefined) yield* remarkOnEmptyLedger
      return position === undefined ? [] : [{ what: "the commands in ledger.db", position }]
    })
  )
)
