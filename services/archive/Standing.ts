import { Context, Effect } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import { observe } from "../telemetry/Metrics.ts"

/** Nothing was archived for so long although something waits. */
const behindMillis = 5 * 60_000

export type ArchiveWarning = "archive_behind"

/** What somebody should look after, of the archive. */
export const ArchiveWarnings = Context.Reference<() => ReadonlyArray<ArchiveWarning>>(
  "homing/services/archive/Warnings",
  { defaultValue: () => () => [] }
)

/** How the archive stands, as this gateway knows it: of those that share a log, one archives. */
export const make = Effect.map(Clocks.wall, (now) => {
  /** Since when something waits, or the archive cannot be opened. */
  let since: number | undefined
  const waited = () => (since === undefined ? 0 : Math.max(now() - since, 0))
  observe(
    "homing_archive_behind_seconds",
    "Since when the oldest request waits that is not archived yet; 0 when all are.",
    () => waited() / 1_000
  )
  return {
    /** Something waits, that was recorded then, or that nobody could look for since now. */
    waits: (at = now()): void => {
      since = Math.min(since ?? at, at)
    },
    rests: (): void => {
      since = undefined
    },
    warnings: (): ReadonlyArray<ArchiveWarning> => (waited() > behindMillis ? ["archive_behind"] : [])
  }
})
export type Standing = Effect.Success<typeof make>
