import { Result, Schema } from "effect"
import { type Aggregate, aggregate } from "../Aggregate.ts"
import type { Decider } from "../Decider.ts"
import { type Disabling, disablings, type Signing, signing } from "../delivery/Endpoint.ts"
import { type EventOf, released } from "../Events.ts"
import { type EventId, TargetId } from "../Ids.ts"
import { Instant } from "../Instant.ts"
import { sealedAs } from "../Sealed.ts"
import { sortedText } from "./MetaJson.ts"
import type { RoutedSource } from "./RoutedSource.ts"
import { noRoutes, type RouteTable } from "./Routing.ts"
import { Region, TargetName, type Unit, units } from "./Target.ts"

/** Where what an app of Meta hears goes: its targets, and the routes that lead to them. Together, since routes name targets. */

// Events

const names = Schema.Array(TargetName).check(Schema.isMinLength(1))
const rules = (key: RegExp) =>
  Schema.Record(Schema.String, names).check(
    Schema.makeFilter((some) => Object.keys(some).every((one) => key.test(one)), { expected: "rules of this kind" })
  )

const table = {
  fields: rules(/^[A-Za-z0-9][\w.:-]{0,63}$/),
  accounts: rules(/^[A-Za-z0-9][\w.:-]{0,63}$/),
  prefixes: rules(/^[1-9]\d{0,14}$/),
  countries: rules(/^[A-Z]{2}$/),
  others: Schema.Array(TargetName)
}
export const Table = Schema.Struct(table)

const added = Schema.Struct({
  id: TargetId,
  name: TargetName,
  unit: Schema.Literals(units),
  region: Schema.optionalKey(Region),
  timeoutMillis: Schema.Natural,
  url: sealedAs("url"),
  secret: signing
})
export type Added = typeof added.Type

/** What is not said stays. */
const changed = Schema.Struct({
  id: TargetId,
  url: Schema.optionalKey(sealedAs("url")),
  /** `null`: it is in none. */
  region: Schema.optionalKey(Schema.NullOr(Region)),
  timeoutMillis: Schema.optionalKey(Schema.Natural)
})
export type Changed = typeof changed.Type

const rotated = Schema.Struct({
  id: TargetId,
  secret: signing,
  /** Until when the one before is good as well; whatever came before that is not. */
  until: Instant
})

const events = {
  "routes.target_added": released(added),
  "routes.target_changed": released(changed),
  "routes.target_secret_rotated": released(rotated),
  "routes.target_disabled": released(Schema.Struct({ id: TargetId, reason: Schema.Literals(disablings) })),
  "routes.target_enabled": released(Schema.Struct({ id: TargetId })),
  "routes.target_removed": released(Schema.Struct({ id: TargetId })),
  /** All of them. `taken`: from the environment, of which it is a keyed digest. */
  "routes.set": released(Schema.Struct({ ...table, taken: Schema.optionalKey(Schema.String) }))
}
export type AppRoutesEvent = EventOf<typeof events>

// Commands

export type AppRoutesCommand =
  | { readonly _tag: "Add"; readonly added: Added }
  | { readonly _tag: "Change"; readonly changed: Changed }
  | { readonly _tag: "Rotate"; readonly id: TargetId; readonly secret: Signing; readonly until: Instant }
  /** `aimedBy`: only if it was neither enabled nor moved since this event. */
  | { readonly _tag: "Disable"; readonly id: TargetId; readonly reason: Disabling; readonly aimedBy?: EventId }
  | { readonly _tag: "Enable"; readonly id: TargetId }
  | { readonly _tag: "Remove"; readonly id: TargetId }
  /** `version`: only in place of those that this event set; `null`: of none. */
  | { readonly _tag: "Set"; readonly routes: RouteTable; readonly taken?: string; readonly version?: EventId | null }

export class RoutesRejected extends Schema.TaggedError<RoutesRejected>()("RoutesRejected", {
  reason: Schema.Literals([
    "exists",
    "not_there",
    "name_taken",
    "full",
    /** A route leads there. */
    "in_use",
    /** Of a region, and would be told of others. */
    "raw_of_region",
    /** Somebody else set other routes meanwhile. */
    "changed",
    /** A route leads to a name that none has. */
    "unknown_target",
    /** A route of people or accounts leads to one that takes requests whole, with all the others in them. */
    "raw_by_part"
  ]),
  /** Of a route: where it stands in the table. */
  place: Schema.optionalKey(Schema.Array(Schema.String))
}) {}

// State

interface Known {
  readonly name: string
  readonly unit: Unit
  readonly disabled: Disabling | null
  /** Added, enabled or moved last. */
  readonly aimedBy: EventId | undefined
  readonly secrets: ReadonlyArray<string>
}

export interface AppRoutesState {
  readonly targets: ReadonlyMap<TargetId, Known>
  readonly removed: ReadonlySet<TargetId>
  readonly routes: RouteTable
  /** Set last by this event. */
  readonly version: EventId | null
  readonly taken: string | undefined
}

/** Of one app. */
export const mostTargets = 64

type Decision = Result.Result<ReadonlyArray<AppRoutesEvent>, RoutesRejected>
const accept = (...events: ReadonlyArray<AppRoutesEvent>): Decision => Result.succeed(events)
const reject = (reason: RoutesRejected["reason"], place?: ReadonlyArray<string>): Decision =>
  Result.fail(new RoutesRejected({ reason, ...(place !== undefined && { place }) }))

/** Each name in a table, and where it stands. */
const namesIn = ({ others, ...parts }: RouteTable): ReadonlyArray<readonly [name: string, ...place: Array<string>]> => [
  ...Object.entries(parts).flatMap(([part, rules]) =>
    Object.entries(rules as RouteTable["fields"]).flatMap(([key, targets]) =>
      targets.map((name, i) => [name, part, key, String(i)] as const)
    )
  ),
  ...others.map((name, i) => [name, "others", String(i)] as const)
]

/** What leads by them speaks of some alone, and a whole request may speak of others too. */
const partial: ReadonlySet<string> = new Set(["accounts", "prefixes", "countries"])

const flawIn = ({ targets }: AppRoutesState, routes: RouteTable): Decision | undefined => {
  const unitOf = new Map([...targets.values()].map(({ name, unit }) => [name, unit]))
  for (const [name, ...place] of namesIn(routes)) {
    const unit = unitOf.get(name)
    if (unit === undefined) return reject("unknown_target", place)
    if (unit === "raw" && partial.has(place[0]!)) return reject("raw_by_part", place)
  }
  return undefined
}

const decider: Decider<AppRoutesState, AppRoutesCommand, AppRoutesEvent, RoutesRejected> = {
  initialState: { targets: new Map(), removed: new Set(), routes: noRoutes, version: null, taken: undefined },

  decide: (command, state) => {
    if (command._tag === "Add") {
      const { id, name, region, unit } = command.added
      if (state.targets.has(id) || state.removed.has(id)) return reject("exists")
      if ([...state.targets.values()].some((target) => target.name === name)) return reject("name_taken")
      if (state.targets.size >= mostTargets) return reject("full")
      if (unit === "raw" && region !== undefined) return reject("raw_of_region")
      return accept({ type: "routes.target_added", data: command.added })
    }
    if (command._tag === "Set") {
      const { routes, taken, version = state.version } = command
      const flaw = flawIn(state, routes)
      if (flaw !== undefined) return flaw
      const isSame = sortedText({ ...routes }) === sortedText({ ...state.routes })
      if (isSame && (taken === undefined || taken === state.taken)) return accept()
      if (version !== state.version) return reject("changed")
      return accept({ type: "routes.set", data: { ...routes, ...(taken !== undefined && { taken }) } })
    }
    const id = command._tag === "Change" ? command.changed.id : command.id
    if (command._tag === "Remove" && state.removed.has(id)) return accept()
    const target = state.targets.get(id)
    return target === undefined ? reject("not_there") : decideOn(command, id, target, state)
  },

  evolve: (state, { data, id: event, type }) => {
    if (type === "routes.set") {
      const { taken = state.taken, ...routes } = data
      return { ...state, routes, version: event ?? null, taken }
    }
    if (type === "routes.target_removed") {
      const targets = new Map(state.targets)
      targets.delete(data.id)
      return { ...state, targets, removed: new Set([...state.removed, data.id]) }
    }
    const target = state.targets.get(data.id)
    const put = (changes: Partial<Known>) =>
      target === undefined
        ? state
        : { ...state, targets: new Map(state.targets).set(data.id, { ...target, ...changes }) }
    switch (type) {
      case "routes.target_added": {
        const known: Known = {
          name: data.name,
          unit: data.unit,
          disabled: null,
          aimedBy: event,
          secrets: [data.secret.id]
        }
        return { ...state, targets: new Map(state.targets).set(data.id, known) }
      }
      case "routes.target_changed":
        return put(data.url === undefined ? {} : { aimedBy: event })
      case "routes.target_secret_rotated":
        return put({ secrets: [...(target?.secrets ?? []), data.secret.id] })
      case "routes.target_disabled":
        return put({ disabled: data.reason })
      case "routes.target_enabled":
        return put({ disabled: null, aimedBy: event })
    }
  }
}

type OfTarget = Exclude<AppRoutesCommand, { readonly _tag: "Add" | "Set" }>

const decideOn = (command: OfTarget, id: TargetId, target: Known, { routes }: AppRoutesState): Decision => {
  switch (command._tag) {
    case "Change": {
      const { changed } = command
      if (target.unit === "raw" && (changed.region ?? null) !== null) return reject("raw_of_region")
      return Object.keys(changed).length === 1 ? accept() : accept({ type: "routes.target_changed", data: changed })
    }
    case "Rotate": {
      const { secret, until } = command
      if (target.secrets.includes(secret.id)) return accept()
      return accept({ type: "routes.target_secret_rotated", data: { id, secret, until } })
    }
    case "Disable": {
      const { aimedBy = target.aimedBy, reason } = command
      if (aimedBy !== target.aimedBy) return accept()
      // an operator may mean one to stay disabled that the gateway has disabled
      const isNew = target.disabled === null || (reason === "operator" && target.disabled !== reason)
      return isNew ? accept({ type: "routes.target_disabled", data: { id, reason } }) : accept()
    }
    case "Enable":
      return target.disabled === null ? accept() : accept({ type: "routes.target_enabled", data: { id } })
    case "Remove": {
      const place = namesIn(routes)
        .find(([name]) => name === target.name)
        ?.slice(1)
      return place === undefined ? accept({ type: "routes.target_removed", data: { id } }) : reject("in_use", place)
    }
  }
}

export const AppRoutes: Aggregate<RoutedSource, AppRoutesState, AppRoutesCommand, AppRoutesEvent, RoutesRejected> =
  aggregate({ category: "routes", events, decider, isSettled: () => true })
