import { type Array, Deferred, Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { categories } from "#domain/Aggregates.ts"
import { type Lease, Leases } from "#domain/ports/Leases.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as Partitions from "../runtime/Partitions.ts"
import { patiently } from "../runtime/Patience.ts"
import * as Subscription from "../runtime/Subscription.ts"
import * as Memory from "./Memory.ts"
import * as Progress from "./Progress.ts"
import * as Rest from "./Rest.ts"
import * as Rows from "./Rows.ts"
import { type View, Views } from "./View.ts"

const group = { name: "views", partitions: 1 }
/** Rows need no bus and no key. */
const hindrances = ["clock_off", "store_unavailable"] as const

/**
 * Runs the views of one gateway, or of several on one database. The one that holds the lease writes the rows, with views
 * of its own from `fresh`, made anew for each time that it holds it. In every one, that one too, `views` follow the log in
 * memory by themselves: who waits for what it has just recorded waits for no row.
 */
export const layer = (views: ReadonlyArray<View>, fresh: () => ReadonlyArray<View>) =>
  Layer.effect(
    Views,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const leases = yield* Leases
      yield* Rows.createCheckpoints(sql)

      const writing = (lease: Lease) =>
        Effect.gen(function* () {
          const rows = yield* Rows.open(fresh(), (work) => leases.fenced(lease, work))
          const rest = yield* Rest.make
          // A commit that failed may have happened: only the database knows where to go on.
          const failed = yield* Deferred.make<never, unknown>()
          const handle = (events: Array.NonEmptyReadonlyArray<RecordedEvent>) =>
            rows.write(events).pipe(
              Effect.andThen(rest(events)),
              Effect.catchCause((cause) => Effect.andThen(Deferred.failCause(failed, cause), Effect.never))
            )
          return yield* Effect.raceFirst(
            Subscription.follow({ name: "views", categories: categories, after: rows.behind, handle }),
            Deferred.await(failed)
          )
        })
      yield* Effect.forkScoped(Partitions.run(group, writing, hindrances))

      const { counted, position, reached } = yield* Memory.follow(views)

      const rowsReached = Effect.map(sql<Rows.Checkpoint>`SELECT * FROM checkpoints`, (rows) =>
        Progress.lowest(
          views.map(({ name, version }) =>
            Rows.positionOf(rows.find((row) => row.view_name === name && row.view_version === version))
          )
        )
      )
      return {
        position,
        reached,
        counted,
        written: (until) =>
          Effect.orDie(Effect.retry(rowsReached, patiently)).pipe(
            Effect.repeat({
              until: (at) => at !== undefined && at >= until,
              schedule: Schedule.spaced("200 millis")
            }),
            Effect.asVoid
          )
      }
    })
  )
