import { Schema } from "effect"
import { disablings } from "../delivery/Endpoint.ts"
import { EventId, TargetId } from "../Ids.ts"
import { Instant } from "../Instant.ts"
import { Sealed } from "../Sealed.ts"
import { RoutedSource } from "./RoutedSource.ts"
import type { RouteTable } from "./Routing.ts"

/** In what measure a target is told. */
export const units = [
  /** Every request of which a route leads anything there, whole, as it came. */
  "raw",
  /** What a route leads there, and nothing else, in Meta's shape and signed here. */
  "change"
] as const
export type Unit = (typeof units)[number]

/** What a header can say, since targets are told how they are called. */
const visible = /^[!-~](?:[ -~]{0,126}[!-~])?$/
/** What routes call a target: no two of one app are called the same. */
export const TargetName = Schema.String.check(Schema.isPattern(visible))
export const Region = Schema.String.check(Schema.isPattern(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/))

const Key = Schema.Struct({
  id: Schema.String,
  /** Of Ed25519, base64url; empty: there is none. */
  publicKey: Schema.String,
  box: Sealed,
  /** The event in which it was sealed. */
  sealedBy: EventId,
  /** Until when it is good; `null`: it is the newest. */
  until: Schema.NullOr(Instant)
})

/** An address that routes lead to; what is sealed still is. */
export const Target = Schema.Struct({
  id: TargetId,
  app: RoutedSource,
  name: TargetName,
  unit: Schema.Literals(units),
  /** Where it is, of one that is told of people by where they are. */
  region: Schema.optionalKey(Region),
  /** How long an attempt may take. */
  timeoutMillis: Schema.Natural,
  /** Why nothing is told to it, if so. */
  disabled: Schema.NullOr(Schema.Literals(disablings)),
  url: Sealed,
  /** The event in which the address was sealed. */
  urlBy: EventId,
  /** Newest first. Of `change` what signs; of `raw` what it is told as its secret, perhaps nothing. */
  secrets: Schema.Array(Key),
  /** Added, enabled or moved last by this event: what came of an attempt before it says nothing of the target. */
  aimedBy: EventId,
  aimedAt: Instant,
  createdAt: Instant
})
export type Target = typeof Target.Type

/** Where what an app hears goes. */
export interface Configuration {
  readonly routes: RouteTable
  /** By name. */
  readonly targets: ReadonlyMap<string, Target>
}
