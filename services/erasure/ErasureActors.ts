import { Context, Layer } from "effect"
import { Erasure, type ErasureCommand, type ErasureRejected, type ErasureState } from "#domain/privacy/Erasure.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"

/** The erasures in memory, one actor each: a caller speaks to them, and whoever carries them out. */
export class ErasureActors extends Context.Service<
  ErasureActors,
  AggregateActors.AggregateActors<ErasureState, ErasureCommand, ErasureRejected>
>()("homing/services/erasure/ErasureActors") {}

export const layer = Layer.effect(ErasureActors, AggregateActors.make(Erasure))
