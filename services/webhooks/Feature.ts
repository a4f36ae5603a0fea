import { Layer } from "effect"
import * as Deliveries from "./Deliveries.ts"
import * as DeliveriesHttp from "./DeliveriesHttp.ts"
import * as EndpointActors from "./EndpointActors.ts"
import * as EndpointLane from "./EndpointLane.ts"
import { EndpointRegistry } from "./EndpointRegistry.ts"
import * as Endpoints from "./Endpoints.ts"
import * as EndpointsHttp from "./EndpointsHttp.ts"
import * as FromEnvironment from "./FromEnvironment.ts"
import * as Standing from "./Standing.ts"
import * as WaGateway from "./WaGateway.ts"

/** What registers itself, to be written as rows and known in memory. */
export const projections = EndpointRegistry.layer

export interface Options extends EndpointLane.Options, FromEnvironment.Options {}

export const layer = (options: Options = {}) =>
  Layer.mergeAll(
    EndpointsHttp.layer,
    DeliveriesHttp.layer,
    EndpointLane.layer(options),
    FromEnvironment.layer(options)
  ).pipe(
    Layer.provideMerge(Standing.layer(options)),
    Layer.provide(Endpoints.layer),
    Layer.provideMerge(Deliveries.layer),
    Layer.provide(EndpointActors.layer),
    Layer.provide(Layer.succeed(WaGateway.SignaturePrefix, options.environment?.signature === "bare" ? "" : "sha256="))
  )
