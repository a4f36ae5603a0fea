import { Effect } from "effect"
import type { MetaApp } from "#domain/Ids.ts"
import { KnownApps } from "./KnownApps.ts"
import { AppUnknown } from "./Refusals.ts"
import { RoutesRegistry } from "./RoutesRegistry.ts"

/** An app by its name: one that this gateway serves, or of which the log says something. */
export const make = Effect.gen(function* () {
  const known = yield* KnownApps
  const registry = yield* RoutesRegistry
  return (name: string): Effect.Effect<MetaApp, AppUnknown> => {
    const app = name as MetaApp
    return known.has(name) || registry.has(app) ? Effect.succeed(app) : Effect.fail(new AppUnknown())
  }
})
