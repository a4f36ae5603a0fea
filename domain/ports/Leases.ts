import { Context, type Effect, Schema } from "effect"

/** Work that gateways share, in numbered parts: each part has one holder at a time. */
export interface Group {
  readonly name: string
  readonly partitions: number
}

/** A partition, for a while. */
export interface Lease {
  readonly group: string
  readonly partition: number
  /** Grows with every new holder of the partition, for ever: what comes under a smaller one is out of date. */
  readonly token: bigint
  /**
   * Milliseconds for which nobody else can hold it unless it is renewed, by this process's own clock and counted from
   * before it was asked for: too few, never too many. 0 or less: another one may hold it.
   */
  readonly remaining: () => number
}

export interface Holding {
  /** What this process still holds of the group. */
  readonly leases: ReadonlyArray<Lease>
  /** How many partitions it should hold, among all who are here: the shares of all are the whole, none is larger by 2. */
  readonly share: number
}

/** Another process holds the partition, or has held it since. Nothing was written. */
export class LeaseLost extends Schema.TaggedError<LeaseLost>()("LeaseLost", {
  group: Schema.String,
  partition: Schema.Natural
}) {}

export class LeasesUnavailable extends Schema.TaggedError<LeasesUnavailable>()("LeasesUnavailable", {
  cause: Schema.Defect()
}) {}

/**
 * Who of several gateways does what. A lease ends by the clock of whoever keeps the leases, not by the holder's: a holder
 * may be paused, and wake up later than it believes. So the time that is left is for stopping early, and the token is what
 * is safe: see `fenced`.
 */
export class Leases extends Context.Service<
  Leases,
  {
    /** How often a holder must renew; `undefined` where leases never end. */
    readonly renewalMillis: number | undefined

    /** What time it is by the clock that leases end by, in milliseconds; `undefined` where they never end. */
    readonly time: Effect.Effect<number, LeasesUnavailable> | undefined

    /** Says that this process takes part in the group, and prolongs what it holds. */
    readonly renew: (group: Group) => Effect.Effect<Holding, LeasesUnavailable>

    /** Takes up to `most` partitions that nobody holds. */
    readonly acquire: (group: Group, most: number) => Effect.Effect<ReadonlyArray<Lease>, LeasesUnavailable>

    /** Gives leases back before they end, for others to take at once. */
    readonly release: (leases: ReadonlyArray<Lease>) => Effect.Effect<void, LeasesUnavailable>

    /** Takes part in the group no longer, and gives back all of it. */
    readonly leave: (group: Group) => Effect.Effect<void, LeasesUnavailable>

    /**
     * Runs `write` in a transaction of the views' database that commits only under the newest token of the partition: no
     * holder after this one has written, and none can take the partition before the commit.
     */
    readonly fenced: <A, E, R>(
      lease: Lease,
      write: Effect.Effect<A, E, R>
    ) => Effect.Effect<A, E | LeaseLost | LeasesUnavailable, R>
  }
>()("homing/domain/ports/Leases") {}
