import { Context, type Effect, Schema } from "effect"
import type { GatewayPin } from "../identity/Trust.ts"
import { inWords } from "../SystemWords.ts"

/** What an agent keeps of whom it trusts, across restarts. Nothing in it is secret. */
export interface Kept {
  /** How many keys of its own it has made: the newest is the last. */
  readonly generations: number
  /** Absent until an operator has brought it. */
  readonly pin: GatewayPin | undefined
}

export class PinStoreUnavailable extends Schema.TaggedError<PinStoreUnavailable>()("PinStoreUnavailable", {
  cause: Schema.Defect()
}) {
  override get message() {
    return `what this agent pinned cannot be read or written: ${inWords(this.cause)}`
  }
}

/** Where an agent keeps its pin. */
export class PinStore extends Context.Service<
  PinStore,
  {
    /** One generation and no pin before anything was written. What is damaged fails: it is never taken for nothing. */
    readonly read: Effect.Effect<Kept, PinStoreUnavailable>
    /** Durable when it returns; after a crash the old one or the new one is there, whole. */
    readonly write: (kept: Kept) => Effect.Effect<void, PinStoreUnavailable>
  }
>()("homing/domain/ports/PinStore") {}
