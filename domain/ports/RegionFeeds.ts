import { Context, type Effect } from "effect"

/** A public event as it stood on a region's bus. */
export interface Handed {
  /** JSON, as it came. */
  readonly text: string
  /** The whole of its `data` in JSON, where it was sealed for us and opens. */
  readonly opened: string | undefined
  /** Why not, where it was sealed: for others alone, or it is not what was sealed. */
  readonly closed: "no_key" | "damaged" | undefined
}

/** How much a region's bus still has for us. */
export interface Left {
  readonly events: number
}

/**
 * The public events of one region, in its order. What `take` has not completed is handed over again, to whoever follows
 * then: so nothing is lost here, and anything may come twice.
 */
export interface RegionFeed {
  readonly region: string
  /** Waits for a server, and for ever; heals by itself. Never longer than `longestEvent`. */
  readonly follow: (take: (handed: Handed) => Effect.Effect<void>) => Effect.Effect<never>
  /** Asked of the region's own server; `undefined` when that does not answer. */
  readonly left: Effect.Effect<Left | undefined>
}

/** Characters. No bus takes longer ones; what is longer is nothing that a region has published. */
export const longestEvent = 8 * 1_048_576

/** None unless this is the home of other regions. */
export const RegionFeeds = Context.Reference<ReadonlyArray<RegionFeed> | undefined>("homing/domain/ports/RegionFeeds", {
  defaultValue: () => undefined
})
