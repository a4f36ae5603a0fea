import { Context, Layer } from "effect"
import { Batch, type BatchCommand, type BatchRejected, type BatchState } from "#domain/meta/Batch.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"

/** Meta's requests in memory, one actor each, shared by all that speak to them. */
export class BatchActors extends Context.Service<
  BatchActors,
  AggregateActors.AggregateActors<BatchState, BatchCommand, BatchRejected>
>()("homing/services/meta/BatchActors") {}

export const layer = Layer.effect(BatchActors, AggregateActors.make(Batch))
