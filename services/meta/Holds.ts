import { Context, type Effect, Layer } from "effect"
import type { BatchId } from "#domain/Ids.ts"

/** A request whose bytes are to be destroyed, and where in the log stands that it was taken apart. */
export interface Spent {
  readonly id: BatchId
  readonly position: bigint
}

/** Those of these whose bytes are still needed. */
export type Hold = (requests: ReadonlyArray<Spent>) => Effect.Effect<ReadonlySet<BatchId>, unknown>

/** Who needs the bytes of requests that were taken apart: none are destroyed before nobody does. */
export class Holds extends Context.Service<
  Holds,
  {
    readonly add: (hold: Hold) => void
    readonly all: ReadonlyArray<Hold>
  }
>()("homing/services/meta/Holds") {
  static readonly layer = Layer.sync(this, () => {
    const all: Array<Hold> = []
    return { add: (hold) => void all.push(hold), all }
  })
}
