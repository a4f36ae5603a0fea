import { type Array, Context, type Effect } from "effect"

/** At most `quota` in a row, and as many again in every `windowMillis`: what was taken comes back evenly over that time. */
export interface Policy {
  readonly quota: number
  readonly windowMillis: number
}

/** What somebody wants to take, and from which bucket. A bucket nobody touched for a window is full, and forgotten. */
export interface Claim {
  /** Names no person: keys and devices by their ids, addresses only where they never leave the process. */
  readonly bucket: string
  readonly policy: Policy
  readonly amount: number
}

export interface Standing {
  readonly allowed: boolean
  /** What may still be taken now. */
  readonly remaining: number
  /** Until what was refused may be taken; else until one more may be; 0 when the bucket is full. */
  readonly waitMillis: number
}

/**
 * Who may have how much of something. A bucket is taken from whole or not at all. Claims that are made together are
 * taken in their order, and nothing is taken after one that was refused: there are as many standings as were looked at.
 */
export class RateLimits extends Context.Service<
  RateLimits,
  {
    /**
     * From the buckets of the whole installation: processes that share them allow the quota once between them. Never
     * fails: when the others cannot be asked, each process allows the quota by itself.
     */
    readonly take: (claims: Array.NonEmptyReadonlyArray<Claim>) => Effect.Effect<ReadonlyArray<Standing>>
    /** As far as this process knows by itself, and taking nothing: what is refused here, `take` refuses too. */
    readonly look: (claim: Claim) => Standing
    /** From buckets of this process alone: for what guards the process itself. */
    readonly takeHere: (claim: Claim) => Standing
  }
>()("homing/domain/ports/RateLimits") {}
