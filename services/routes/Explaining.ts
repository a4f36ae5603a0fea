import type { JsonObject } from "#domain/Json.ts"
import { isApp, nameOf, type RoutedSource } from "#domain/meta/RoutedSource.ts"
import {
  fieldsIn,
  type Route,
  type Routed,
  type RouteTable,
  routeOf,
  targetsOfFields,
  wholeTo
} from "#domain/meta/Routing.ts"
import { split } from "#domain/meta/Splitting.ts"
import type { Configuration, Unit } from "#domain/meta/Target.ts"
import { tellings } from "#domain/session/Telling.ts"
import * as Facts from "./Facts.ts"
import type { KnownApp } from "./KnownApps.ts"

/** Somebody who is told. */
export interface Told {
  readonly name: string
  readonly unit: Unit
  readonly region: string | null
  /** To one that is disabled nothing is delivered. */
  readonly state: "enabled" | "disabled"
}

/** One piece of a request, and where it goes. */
export interface Explained {
  readonly kind: string
  readonly field: string
  readonly account: string | null
  readonly phoneNumberId: string | null
  readonly by: Route["by"]
  readonly matched: string
  readonly targets: ReadonlyArray<Told>
}

export interface Explanation {
  /** Whose, as people call it. */
  readonly app: string
  readonly mode: KnownApp["mode"] | null
  readonly changes: ReadonlyArray<Explained>
  /** Who takes the request whole. */
  readonly whole: ReadonlyArray<Told>
}

/** The rule and whom it led to, without the person that it went by: of a number no more than the beginning that counted. */
const explained = (
  piece: Routed & { readonly kind: string },
  { by, matched }: Route,
  targets: ReadonlyArray<Told>
): Explained => ({
  kind: piece.kind,
  field: piece.field,
  account: piece.account ?? null,
  phoneNumberId: piece.phoneNumberId ?? null,
  by,
  matched,
  targets
})

/** What is handed on as it came knows fields alone. */
const handedOn = (
  { fields, others }: Pick<RouteTable, "fields" | "others">,
  payload: JsonObject
): Pick<Explanation, "changes" | "whole"> => {
  const destination = (name: string): Told => ({ name, unit: "raw", region: null, state: "enabled" })
  const whole = targetsOfFields({ fields, others }, fieldsIn(payload))
  const only = { fields, others, accounts: {}, prefixes: {}, countries: {} }
  const changes = split(payload).map((piece) => {
    const route = routeOf(only, piece)
    return explained(piece, route, route.targets.filter((name) => whole.includes(name)).map(destination))
  })
  return { changes, whole: whole.map(destination) }
}

const delivered = (
  { routes, targets }: Configuration,
  pieces: ReadonlyArray<Routed & { readonly kind: string }>
): Pick<Explanation, "changes" | "whole"> => {
  const told = (names: ReadonlyArray<string>): ReadonlyArray<Told> =>
    names.flatMap((name) => {
      const target = targets.get(name)
      if (target === undefined) return []
      const { disabled, region = null, unit } = target
      return [{ name, unit, region, state: disabled === null ? "enabled" : "disabled" } as const]
    })
  const takesWhole = (name: string) => targets.get(name)?.unit === "raw"
  const routed = pieces.map((piece) => ({ piece, route: routeOf(routes, piece) }))
  const whole = wholeTo(
    routed.map(({ route }) => route),
    takesWhole
  )
  const changes = routed.map(({ piece, route }) => {
    const names = route.targets.filter((name) => !takesWhole(name) || whole.includes(name))
    return explained(piece, route, told(names))
  })
  return { changes, whole: told(whole) }
}

/** What of it is led somewhere by itself: of Meta's request its pieces; what a source posts, or a public event. */
const piecesIn = (source: RoutedSource, known: KnownApp | undefined, payload: JsonObject) => {
  if (isApp(source)) return split(payload)
  const facts =
    known !== undefined && "mapping" in known
      ? tellings(payload, known.mapping).map(Facts.routedIn)
      : [Facts.routedOf({ type: String(payload.type), data: (payload.data ?? {}) as JsonObject })]
  return facts.map((fact) => ({ ...fact, kind: "fact" }))
}

/** Which rule leads what of a request where. It is the same that is done with one that comes. */
export const explain = (
  app: RoutedSource,
  known: KnownApp | undefined,
  configuration: Configuration,
  payload: JsonObject
): Explanation => ({
  app: nameOf(app),
  mode: known?.mode ?? null,
  ...(known?.mode === "sync"
    ? handedOn(known.handedOn, payload)
    : delivered(configuration, piecesIn(app, known, payload)))
})
