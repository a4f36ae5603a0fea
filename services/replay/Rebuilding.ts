import { Effect } from "effect"
import { fromTheLog } from "../views/Remaking.ts"
import * as Rows from "../views/Rows.ts"
import type { RowsView } from "../views/RowsView.ts"
import type { Progress } from "./Reading.ts"

/** Events in a transaction. */
const together = 2_000

/** Makes rows of these views from the log, in a database that is nobody's yet; and goes on, when asked again. */
export const rebuilding = Effect.fnUntraced(function* (views: ReadonlyArray<RowsView>) {
  const write = yield* fromTheLog(yield* Rows.openAlone(views), together)
  return (upTo: bigint, progress: Progress = () => {}) =>
    write(upTo, (position, events) => Effect.sync(() => progress(position, events)))
})
