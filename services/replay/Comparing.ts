import { Effect } from "effect"
import type { RowsView } from "../views/RowsView.ts"
import * as ComparedRows from "./ComparedRows.ts"
import type { Progress } from "./Reading.ts"
import { rebuilding } from "./Rebuilding.ts"

export interface Comparison {
  /** Up to where both were looked at. */
  readonly position: bigint | undefined
  readonly tables: ReadonlyArray<ComparedRows.Compared>
  /** Views of which the live rows are of another version, or stand elsewhere than the others: there is nothing to compare. */
  readonly apart: ReadonlyArray<string>
}

const highest = (positions: ReadonlyArray<bigint | undefined>) =>
  positions.reduce((one, other) => (one === undefined || (other !== undefined && other > one) ? other : one), undefined)

/**
 * Makes the rows anew, in the database that it is given, and compares them with those in a file while these are being
 * written: both as they are at one place in the log. Not of views whose rows depend on what came at once.
 */
export const compare = Effect.fnUntraced(function* (all: ReadonlyArray<RowsView>, file: string, progress: Progress) {
  const views = all.filter(({ batched }) => batched === undefined)
  const rows = yield* ComparedRows.make
  const rebuild = yield* rebuilding(views)
  yield* rows.attach(file) // from now on: a name that is not in the own database would be the live one's
  const before = highest((yield* rows.standing(views)).map(({ position }) => position))
  if (before !== undefined) yield* rebuild(before, progress)

  /** From its first look on, a transaction sees the live rows as they were then. */
  const compared = Effect.gen(function* () {
    const standing = yield* rows.standing(views)
    const position = highest(standing.map((one) => one.position))
    if (position !== undefined) yield* rebuild(position)
    const together = standing.filter((one) => one.position === position && position !== undefined)
    const tables = yield* Effect.forEach(together, ({ view }) => rows.tables(view))
    const apart = standing.flatMap((one) => (together.includes(one) ? [] : [one.view.name]))
    const comparison: Comparison = { position, tables: tables.flat(), apart }
    return comparison
  })
  return yield* rows.together(compared)
})
