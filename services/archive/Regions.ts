import { Context, Effect } from "effect"
import type { RecordedEvent } from "#domain/Recorded.ts"

/**
 * To which regions went what a request says, once that is known of one that was taken apart; `undefined` where nothing is
 * sent on by regions. Whoever routes says so.
 */
export const Regions = Context.Reference<(split: RecordedEvent) => Effect.Effect<ReadonlyArray<string> | undefined>>(
  "homing/services/archive/Regions",
  { defaultValue: () => () => Effect.succeed(undefined) }
)
