import { Context } from "effect"
import type { RoutedSource } from "#domain/meta/RoutedSource.ts"
import type { RouteTable } from "#domain/meta/Routing.ts"
import type { Mapping } from "#domain/session/Telling.ts"

/** Whose facts this gateway hears: an app of Meta's, a session source, or all devices. */
export type KnownApp =
  | { readonly mode: "durable" }
  /** A session source, which says in its own JSON what it tells. */
  | { readonly mode: "durable"; readonly mapping: Mapping }
  /** What it hears is handed on while Meta waits, to whom the environment says: no target and no route is asked. */
  | { readonly mode: "sync"; readonly handedOn: Pick<RouteTable, "fields" | "others"> }

export class KnownApps extends Context.Service<KnownApps, ReadonlyMap<RoutedSource, KnownApp>>()(
  "homing/services/routes/KnownApps"
) {}
