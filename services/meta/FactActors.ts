import { Context, Layer } from "effect"
import { MetaFact, type MetaFactCommand, type MetaFactRejected, type MetaFactState } from "#domain/meta/MetaFact.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"

/** Meta's facts in memory, one actor each, shared by all that speak to them. */
export class FactActors extends Context.Service<
  FactActors,
  AggregateActors.AggregateActors<MetaFactState, MetaFactCommand, MetaFactRejected>
>()("homing/services/meta/FactActors") {}

export const layer = Layer.effect(FactActors, AggregateActors.make(MetaFact))
