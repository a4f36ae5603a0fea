import { Context, Layer } from "effect"
import { AppRoutes, type AppRoutesCommand, type AppRoutesState, type RoutesRejected } from "#domain/meta/AppRoutes.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"

/** Routes and targets, one actor for each app. */
export class RouteActors extends Context.Service<
  RouteActors,
  AggregateActors.AggregateActors<AppRoutesState, AppRoutesCommand, RoutesRejected>
>()("homing/services/routes/RouteActors") {}

export const layer = Layer.effect(RouteActors, AggregateActors.make(AppRoutes))
