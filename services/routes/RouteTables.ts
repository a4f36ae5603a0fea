import { Context, Effect, Layer } from "effect"
import type { EventId } from "#domain/Ids.ts"
import type { JsonObject } from "#domain/Json.ts"
import type { RoutesRejected } from "#domain/meta/AppRoutes.ts"
import { nameOf, type RoutedSource } from "#domain/meta/RoutedSource.ts"
import type { RouteTable } from "#domain/meta/Routing.ts"
import type { Caller } from "../runtime/Caller.ts"
import type { Unavailable } from "../views/Unavailable.ts"
import * as Apps from "./Apps.ts"
import * as Commands from "./Commands.ts"
import { type Explanation, explain } from "./Explaining.ts"
import { type KnownApp, KnownApps } from "./KnownApps.ts"
import { type AppUnknown, RoutesChanged, RoutesFlawed } from "./Refusals.ts"
import { Routes } from "./Routes.ts"
import { RoutesRegistry } from "./RoutesRegistry.ts"

export interface RoutesDocument extends RouteTable {
  /** Whose they are, as people call it. */
  readonly app: string
  /** `null`: this gateway does not serve the app. */
  readonly mode: KnownApp["mode"] | null
  /** The event that set them; `null`: none has. */
  readonly version: EventId | null
}

/** Which rules lead where. What a call here answers is in force when it answers, on this process. */
export class RouteTables extends Context.Service<
  RouteTables,
  {
    readonly find: (app: string) => Effect.Effect<RoutesDocument, AppUnknown>
    /** In place of all that there were; of a `version`, if it is still the one. */
    readonly set: (
      caller: Caller,
      app: string,
      routes: RouteTable,
      version?: string | null
    ) => Effect.Effect<RoutesDocument, AppUnknown | RoutesChanged | RoutesFlawed | Unavailable>
    /** Where this would go, if Meta told it now. Nothing of it is kept. */
    readonly explain: (app: string, payload: JsonObject) => Effect.Effect<Explanation, AppUnknown>
  }
>()("homing/services/routes/RouteTables") {}

const refused = ({ place = [], reason }: RoutesRejected) => {
  if (reason === "changed") return new RoutesChanged()
  const expected =
    reason === "unknown_target"
      ? "the name of a target of the app"
      : "a target with the unit change: one that takes requests whole reads of others too"
  return new RoutesFlawed({ pointer: `/${place.join("/")}`, expected })
}

export const layer = Layer.effect(
  RouteTables,
  Effect.gen(function* () {
    const appNamed = yield* Apps.make
    const known = yield* KnownApps
    const { current } = yield* Routes
    const registry = yield* RoutesRegistry
    const say = yield* Commands.make

    const present = (app: RoutedSource): RoutesDocument => ({
      app: nameOf(app),
      mode: known.get(app)?.mode ?? null,
      version: registry.get(app)?.version ?? null,
      ...current(app).routes
    })

    return {
      find: (name) => Effect.map(appNamed(name), present),
      set: Effect.fnUntraced(function* (caller, name, routes, version) {
        const app = yield* appNamed(name)
        const told = say(Commands.byCaller(caller), app, app, () => ({
          _tag: "Set",
          routes,
          ...(version !== undefined && { version: version as EventId | null })
        }))
        yield* Effect.catchTag(told, "RoutesRejected", (rejected) => Effect.fail(refused(rejected)))
        return present(app)
      }),
      explain: (name, payload) =>
        Effect.map(appNamed(name), (app) => explain(app, known.get(app), current(app), payload))
    }
  })
)
