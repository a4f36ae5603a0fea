import { Effect } from "effect"
import type { RegionFeed } from "#domain/ports/RegionFeeds.ts"
import * as Partitions from "../runtime/Partitions.ts"
import * as Reports from "./Reports.ts"

const group = { name: "regions", partitions: 1 }
/** What is taken needs no key of the wire, and no bus of the home's own. */
const hindrances = ["clock_off", "store_unavailable"] as const

/**
 * Takes every region's events into the home's log, the regions side by side: one that is cut off holds up no other. A
 * region's bus is told that an event was taken when it is recorded, and not before.
 */
export const run = Effect.fnUntraced(function* (feeds: ReadonlyArray<RegionFeed>) {
  const record = yield* Reports.make
  const follow = ({ follow, region }: RegionFeed) => follow((handed) => Effect.orDie(record(region, handed)))
  return yield* Partitions.run(
    group,
    () => Effect.forEach(feeds, follow, { concurrency: "unbounded", discard: true }),
    hindrances
  )
})
