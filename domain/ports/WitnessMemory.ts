import { Context, type Effect, Schema } from "effect"
import type { Instant } from "../Instant.ts"
import { inWords } from "../SystemWords.ts"

/** What another witness cosigned last, as far as this one was shown. */
export interface Beside {
  readonly name: string
  /** Base64url. Believed when the other was first heard of; another one under its name is not. */
  readonly publicKey: string
  readonly note: string
  /** By the other's clock. */
  readonly cosignedAt: Instant
}

/** The newest head of a log that a witness cosigned. */
export interface Cosigned {
  /** The head with the log's signature: it proves what was shown. */
  readonly note: string
  /** When the gateway asked for it, by the gateway's clock. */
  readonly askedAt: Instant
  readonly others: ReadonlyArray<Beside>
}

/** An operator's word that the log was put back on purpose. Both are heads with the log's signature. */
export interface Accepted {
  readonly note: string
  readonly insteadOf: string
  /** By the clock of the agent's machine. */
  readonly at: Instant
}

export interface Remembered extends Cosigned {
  /** Oldest first; nothing takes one away. */
  readonly accepted: ReadonlyArray<Accepted>
}

export class WitnessMemoryUnavailable extends Schema.TaggedError<WitnessMemoryUnavailable>()(
  "WitnessMemoryUnavailable",
  { cause: Schema.Defect() }
) {
  override get message() {
    return `what this witness cosigned cannot be read or written: ${inWords(this.cause)}`
  }
}

/** What a witness remembers, of each log by its origin. Nothing in it is secret; to lose it is to believe anew. */
export class WitnessMemory extends Context.Service<
  WitnessMemory,
  {
    /** `undefined` before anything was cosigned of it. What is damaged fails: it is never taken for nothing. */
    readonly read: (origin: string) => Effect.Effect<Remembered | undefined, WitnessMemoryUnavailable>
    /** Durable when it returns; after a crash the old one or the new one is there, whole. */
    readonly write: (origin: string, cosigned: Cosigned) => Effect.Effect<void, WitnessMemoryUnavailable>
    /** Goes on from this head, and keeps that it was told to: durably, and at once with it. */
    readonly accept: (origin: string, accepted: Accepted) => Effect.Effect<void, WitnessMemoryUnavailable>
  }
>()("homing/domain/ports/WitnessMemory") {}
