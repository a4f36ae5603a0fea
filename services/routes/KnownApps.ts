import { Context } from "effect"
import type { RouteTable } from "#domain/meta/Routing.ts"

/** An app of Meta that this gateway serves. */
export type KnownApp =
  | { readonly mode: "durable" }
  /** What it hears is handed on while Meta waits, to whom the environment says: no target and no route is asked. */
  | { readonly mode: "sync"; readonly handedOn: Pick<RouteTable, "fields" | "others"> }

/** By name. */
export class KnownApps extends Context.Service<KnownApps, ReadonlyMap<string, KnownApp>>()(
  "homing/services/routes/KnownApps"
) {}
