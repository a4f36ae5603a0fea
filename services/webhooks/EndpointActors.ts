import { Context, Layer } from "effect"
import { Endpoint, type EndpointCommand, type EndpointRejected, type EndpointState } from "#domain/delivery/Endpoint.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"

/** The endpoints in memory, one actor each: an operator speaks to them, and whoever delivers. */
export class EndpointActors extends Context.Service<
  EndpointActors,
  AggregateActors.AggregateActors<EndpointState, EndpointCommand, EndpointRejected>
>()("homing/services/webhooks/EndpointActors") {}

export const layer = Layer.effect(EndpointActors, AggregateActors.make(Endpoint))
