import { Effect } from "effect"
import { AppRoutes, type AppRoutesCommand } from "#domain/meta/AppRoutes.ts"
import type { RoutedSource } from "#domain/meta/RoutedSource.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { Actor } from "#domain/Recorded.ts"
import type { Decision } from "../runtime/AggregateActors.ts"
import { inForce, Views } from "../views/Views.ts"
import { RouteActors } from "./RouteActors.ts"

/** Says something to the routes of an app. What is answered is in force then, on this process; `true`: it was news. */
export const make = Effect.gen(function* () {
  const actors = yield* RouteActors
  const store = yield* EventStore
  const views = yield* Views
  return Effect.fnUntraced(function* (
    actor: Actor,
    app: RoutedSource,
    about: string,
    command: (decision: Decision) => AppRoutesCommand
  ) {
    const origin = { actor, correlationId: about, causationId: about }
    const { position } = yield* actors.execute(AppRoutes.streamOf(app), command, origin)
    // a repeat records nothing, and what it repeats may be just as new
    const recorded = position ?? (yield* store.head)
    if (recorded !== undefined) yield* inForce(views, recorded)
    return position !== undefined
  })
})

export const byCaller = ({ key }: { readonly key: string }): Actor => ({ kind: "api_key", id: key })
