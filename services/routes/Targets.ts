import { Context, type Effect } from "effect"
import type { Disabling } from "#domain/delivery/Endpoint.ts"
import type { TargetId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import type { Unit } from "#domain/meta/Target.ts"
import type { Caller } from "../runtime/Caller.ts"
import type * as Requests from "../runtime/Requests.ts"
import type { Unavailable } from "../views/Unavailable.ts"
import type * as Refusals from "./Refusals.ts"

/** As its owner sees it. */
export interface TargetDocument {
  readonly id: TargetId
  /** Whose, as people call it. */
  readonly app: string
  readonly name: string
  /** Absent once it can no longer be read. */
  readonly url?: string
  readonly unit: Unit
  readonly region: string | null
  readonly timeoutMs: number
  readonly state: "enabled" | "disabled"
  readonly reason: Disabling | null
  readonly createdAt: Instant
  /** Those that sign now, newest first. */
  readonly keys: ReadonlyArray<{ readonly publicKey: string; readonly until: Instant | null }>
  /** What it verifies with, shown once. */
  readonly secret?: string
}

interface Keyed {
  readonly idempotencyKey: string
}
export interface Wanted {
  readonly app: string
  readonly name: string
  readonly url: string
  readonly unit: Unit
  readonly region: string | null
  readonly timeoutMs: number
  /** What a `raw` one is told as its secret; empty: nothing. */
  readonly gatewaySecret: string
}
export interface Changes extends Partial<Pick<Wanted, "url" | "region" | "timeoutMs" | "gatewaySecret">> {
  readonly enabled?: boolean
}

type Changing = Refusals.TargetUnknown | Refusals.TargetRefused | Refusals.RoutesFlawed

/** Addresses that routes lead to. What a call here answers is in force when it answers, on this process. */
export class Targets extends Context.Service<
  Targets,
  {
    readonly add: (
      caller: Caller,
      wanted: Wanted & Keyed
    ) => Effect.Effect<
      TargetDocument,
      | Refusals.AppUnknown
      | Refusals.TargetRefused
      | Refusals.RoutesFlawed
      | Refusals.TargetNameTaken
      | Refusals.TargetsFull
      | Requests.OtherContent
      | Unavailable
    >
    readonly change: (
      caller: Caller,
      id: TargetId,
      changes: Changes
    ) => Effect.Effect<TargetDocument, Changing | Unavailable>
    /** Signs with a new secret, and for so long also with the one before. */
    readonly rotate: (
      caller: Caller,
      id: TargetId,
      rotation: Keyed & { readonly overlapSeconds: number }
    ) => Effect.Effect<
      TargetDocument,
      Refusals.TargetUnknown | Refusals.TargetSignsNothing | Requests.OtherContent | Unavailable
    >
    readonly remove: (
      caller: Caller,
      id: TargetId
    ) => Effect.Effect<void, Refusals.TargetUnknown | Refusals.TargetInUse | Unavailable>
    readonly find: (id: TargetId) => Effect.Effect<TargetDocument, Refusals.TargetUnknown | Unavailable>
    /** Of this app, or of all; oldest first. */
    readonly list: (
      app: string | undefined
    ) => Effect.Effect<ReadonlyArray<TargetDocument>, Refusals.AppUnknown | Unavailable>
  }
>()("homing/services/routes/Targets") {}
