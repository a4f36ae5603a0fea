import { Effect } from "effect"
import * as CheckpointRows from "../meta/CheckpointRows.ts"
import type { Hold } from "../meta/Holds.ts"

/** The bytes of a request stay until it is archived. */
export const make = Effect.map(
  CheckpointRows.make,
  ({ position: reached }): Hold =>
    Effect.fnUntraced(function* (requests) {
      const archived = (yield* reached("archive")) ?? -1n
      return new Set(requests.filter(({ position }) => position > archived).map(({ id }) => id))
    })
)
