import { Effect } from "effect"
import { named, type RoutedSource } from "#domain/meta/RoutedSource.ts"
import { KnownApps } from "./KnownApps.ts"
import { AppUnknown } from "./Refusals.ts"
import { RoutesRegistry } from "./RoutesRegistry.ts"

/** By what people call it: one that this gateway serves, or of which the log says something. */
export const make = Effect.gen(function* () {
  const known = yield* KnownApps
  const registry = yield* RoutesRegistry
  return (name: string): Effect.Effect<RoutedSource, AppUnknown> => {
    const source = named(name)
    return source !== undefined && (known.has(source) || registry.has(source))
      ? Effect.succeed(source)
      : Effect.fail(new AppUnknown())
  }
})
