import { Array, Deferred, Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { Leases } from "#domain/ports/Leases.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as Partitions from "../runtime/Partitions.ts"
import { patiently } from "../runtime/Patience.ts"
import * as Subscription from "../runtime/Subscription.ts"
import * as Progress from "./Progress.ts"
import * as Rest from "./Rest.ts"
import * as Rows from "./Rows.ts"
import { type View, Views } from "./View.ts"

const group = { name: "views", partitions: 1 }
/** What only the rows can tell is read again this often. */
const recount = "10 seconds"

/**
 * Runs the views of several gateways on one database. One of them, which holds the lease, writes the rows, with views of
 * its own from `fresh`, made anew for each time that it holds it. In every one, that one too, `views` follow the log in
 * memory by themselves: who waits for what it has just recorded waits for nobody else.
 */
export const layer = (views: ReadonlyArray<View>, fresh: () => ReadonlyArray<View>) =>
  Layer.effect(
    Views,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const leases = yield* Leases
      yield* Rows.createCheckpoints(sql)

      const writing = Partitions.run(group, (lease) =>
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
            Subscription.follow({ name: "views", categories: Rows.categories, after: rows.behind, handle }),
            Deferred.await(failed)
          )
        })
      )
      yield* Effect.forkScoped(writing)

      /** Rows and checkpoints of one moment; `undefined` while the rows are not those of this release. */
      const hydrated = sql.withTransaction(
        Effect.gen(function* () {
          yield* sql.onDialectOrElse({
            pg: () => sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`,
            orElse: () => Effect.void
          })
          const checkpoints = yield* sql<Rows.Checkpoint>`SELECT * FROM checkpoints`
          const found = views.map((view) =>
            checkpoints.find((one) => one.view_name === view.name && one.view_version === view.version)
          )
          if (found.includes(undefined)) return undefined
          for (const view of views) yield* view.following.hydrate(sql)
          return found.map((one) => (one!.position === null ? undefined : BigInt(one!.position)))
        })
      )
      const positions = yield* Effect.repeat(hydrated, {
        until: (positions) => positions !== undefined,
        schedule: Schedule.spaced("100 millis")
      })
      const following = views.map((view, i) => ({ view, position: positions![i] }))
      const after = Progress.lowest(positions!)
      const { advance, position, reached } = Progress.make(after)
      const handle = (events: Array.NonEmptyReadonlyArray<RecordedEvent>) =>
        Effect.suspend(() => {
          const last = Array.lastNonEmpty(events).position
          for (const one of following) {
            const news = Rows.newsFor(one.view, one.position, events)
            if (Array.isReadonlyArrayNonEmpty(news)) one.view.following.follow(news)
            if (one.position === undefined || one.position < last) one.position = last
          }
          return advance(last)
        })
      yield* Effect.forkScoped(
        Subscription.follow({ name: "views in memory", categories: Rows.categories, after, handle })
      )
      const count = Effect.forEach(views, ({ following }) => following.recount?.(sql) ?? Effect.void, { discard: true })
      yield* Effect.forkScoped(Effect.repeat(Effect.ignore(count), Schedule.spaced(recount)))

      const rowsReached = Effect.map(sql<Rows.Checkpoint>`SELECT * FROM checkpoints`, (rows) =>
        Progress.lowest(
          views.map(({ name }) => {
            const position = rows.find((row) => row.view_name === name)?.position ?? null
            return position === null ? undefined : BigInt(position)
          })
        )
      )
      return {
        position,
        reached,
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
