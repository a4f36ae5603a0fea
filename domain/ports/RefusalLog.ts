import { type Array, Context, type Effect, Schema } from "effect"
import type { Instant } from "../Instant.ts"

/** An envelope that was not believed, as far as it may be kept: what it says is nobody's word. */
export interface Refusal {
  readonly at: Instant
  readonly reason: string
  /** SHA-256 of the whole envelope, hexadecimal. */
  readonly digest: string
}

export class RefusalLogUnavailable extends Schema.TaggedError<RefusalLogUnavailable>()("RefusalLogUnavailable", {
  cause: Schema.Defect()
}) {}

/** The latest refusals, for whoever looks into an attack afterwards. Bounded: the oldest make room. */
export class RefusalLog extends Context.Service<
  RefusalLog,
  {
    readonly add: (refusals: Array.NonEmptyReadonlyArray<Refusal>) => Effect.Effect<void, RefusalLogUnavailable>
    /** Newest first. */
    readonly latest: (limit: number) => Effect.Effect<ReadonlyArray<Refusal>, RefusalLogUnavailable>
  }
>()("homing/domain/ports/RefusalLog") {}
