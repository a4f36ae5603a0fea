import { Array, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Subscription from "../runtime/Subscription.ts"
import * as Progress from "./Progress.ts"
import * as Rest from "./Rest.ts"
import * as Rows from "./Rows.ts"
import { type View, Views } from "./View.ts"

/** Runs the views of the only gateway on its database: what is in memory follows the rows it writes. */
export const layer = (views: ReadonlyArray<View>) =>
  Layer.effect(
    Views,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* Rows.createCheckpoints(sql)
      const rows = yield* Rows.open(views, sql.withTransaction)
      const rest = yield* Rest.make
      const { advance, position, reached } = Progress.make(rows.behind)
      yield* Effect.forkScoped(
        Subscription.follow({
          name: "views",
          categories: Rows.categories,
          after: rows.behind,
          handle: (events) =>
            rows
              .write(events)
              .pipe(Effect.andThen(advance(Array.lastNonEmpty(events).position)), Effect.andThen(rest(events)))
        })
      )
      return { position, reached, written: reached }
    })
  )
