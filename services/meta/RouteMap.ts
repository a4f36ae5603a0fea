import { Redacted } from "effect"
import type { Json } from "#domain/Json.ts"
import { isList, isObject } from "#domain/meta/MetaJson.ts"

/** Somebody's address, by the name that is told there. */
export interface Destination {
  readonly name: string
  readonly url: string
  readonly secret: string | undefined
  /** How the log calls it: an address may hold what is nobody's to read. */
  readonly label: string
}

export type RouteMap = ReadonlyMap<string, ReadonlyArray<Destination>>

const textAt = (value: Json | undefined): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined

const destinationIn = (found: Json): ReadonlyArray<Destination> => {
  if (!isObject(found)) return []
  const url = textAt(found.url)
  if (url === undefined) return []
  const name = textAt(found.name)
  return [{ name: name ?? url, url, secret: textAt(found.secret), label: name ?? "unnamed" }]
}

/** By field, as `WHATSAPP_FORWARD_ROUTE_MAP` writes it; `undefined` when it is not written well. What leads nowhere is left out. */
export const routeMapIn = (text: string): RouteMap | undefined => {
  try {
    const found = JSON.parse(text) as Json
    if (!isObject(found)) return undefined
    const fields = Object.entries(found).map(
      ([field, all]) => [field, isList(all) ? all.flatMap(destinationIn) : []] as const
    )
    return new Map(fields)
  } catch {
    return undefined
  }
}

export interface DestinationOptions {
  readonly destinationUrl?: Redacted.Redacted | undefined
  readonly destinationName?: string | undefined
  readonly sharedSecret?: Redacted.Redacted | undefined
  readonly routeMap?: Redacted.Redacted | undefined
}

/** Of a map that is not written well nothing leads anywhere, and all goes to the others. */
export const destinationsIn = ({
  destinationName = "default",
  destinationUrl,
  routeMap,
  sharedSecret
}: DestinationOptions) => {
  const map = routeMap === undefined ? new Map() : routeMapIn(Redacted.value(routeMap))
  const others: ReadonlyArray<Destination> =
    destinationUrl === undefined
      ? []
      : [
          {
            name: destinationName,
            url: Redacted.value(destinationUrl),
            secret: sharedSecret && Redacted.value(sharedSecret),
            label: destinationName
          }
        ]
  return { map: map ?? (new Map() as RouteMap), others, isBroken: map === undefined }
}
