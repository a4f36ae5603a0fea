import { Context, Layer } from "effect"
import { Inbound, type InboundCommand, type InboundRejected, type InboundState } from "#domain/inbound/Inbound.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"

/** The facts in memory, one actor each, shared by all that speak to them. */
export class InboundActors extends Context.Service<
  InboundActors,
  AggregateActors.AggregateActors<InboundState, InboundCommand, InboundRejected>
>()("homing/services/inbound/InboundActors") {}

export const layer = Layer.effect(InboundActors, AggregateActors.make(Inbound))
