import { Layer } from "effect"
import * as Erasure from "./Erasure.ts"
import * as RouteActors from "./RouteActors.ts"
import * as Routes from "./Routes.ts"
import * as RoutesHttp from "./RoutesHttp.ts"
import { RoutesRegistry } from "./RoutesRegistry.ts"
import * as RouteTables from "./RouteTables.ts"
import * as Taking from "./Taking.ts"
import * as TargetsHttp from "./TargetsHttp.ts"
import * as TargetsLive from "./TargetsLive.ts"

/** What registers itself, to be written as rows and known in memory. */
export const projections = RoutesRegistry.layer

/** Where what apps of Meta hear goes: needs to be told which of them there are. */
export const layer = Layer.mergeAll(RoutesHttp.layer, TargetsHttp.layer, Erasure.layer).pipe(
  Layer.provide([RouteTables.layer, TargetsLive.layer]),
  Layer.provideMerge(Taking.layer),
  Layer.provide(RouteActors.layer),
  Layer.provideMerge(Routes.layer)
)
