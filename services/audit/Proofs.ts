import { Context, Effect, Layer } from "effect"
import type { Tile } from "#domain/audit/Tiles.ts"
import type { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import { readable, type ViewsUnavailable } from "../views/Views.ts"
import * as EntryRows from "./EntryRows.ts"
import * as ProofRows from "./ProofRows.ts"

type Hashes = Effect.Effect<ReadonlyArray<Uint8Array>, ViewsUnavailable | ProofRows.TreeIncomplete>
type One = Effect.Effect<Uint8Array, ViewsUnavailable | ProofRows.TreeIncomplete>

/** What the audit tree proves, and what it is made of. Sizes are of heads that were signed. */
export class Proofs extends Context.Service<
  Proofs,
  {
    readonly rootAt: (size: number) => One
    readonly inclusion: (index: number, size: number) => Hashes
    readonly consistency: (from: number, to: number) => Hashes
    readonly tile: (tile: Tile) => One
    /** Which leaf the event at this position of the log is, if it is in the tree. */
    readonly indexOf: (position: bigint) => Effect.Effect<number | undefined, ViewsUnavailable>
    /** From `start` up to and without `end`, as far as log and tree go. */
    readonly entries: (
      start: number,
      end: number
    ) => Effect.Effect<ReadonlyArray<EntryRows.Entry>, ViewsUnavailable | EventStoreUnavailable>
  }
>()("homing/services/audit/Proofs") {}

export const layer = Layer.effect(
  Proofs,
  Effect.gen(function* () {
    const proving = yield* ProofRows.make
    const entries = yield* EntryRows.make
    return {
      rootAt: (size) => readable(proving.rootAt(size)),
      inclusion: (index, size) => readable(proving.inclusion(index, size)),
      consistency: (from, to) => readable(proving.consistency(from, to)),
      tile: (tile) => readable(proving.tile(tile)),
      indexOf: (position) => readable(proving.indexOf(position)),
      entries: (start, end) => readable(entries(start, end))
    }
  })
)
