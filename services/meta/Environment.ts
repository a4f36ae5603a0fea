import { Schema } from "effect"
import { TargetName } from "#domain/meta/Target.ts"
import type { Said } from "../routes/Taking.ts"
import { type Destination, type DestinationOptions, destinationsIn } from "./RouteMap.ts"

const isName = Schema.is(TargetName)

/** What the environment says of where webhooks go, as targets and routes have it. A destination without a name is given one. */
export const saidIn = (options: DestinationOptions & { readonly forwardTimeoutMs: number }): Said => {
  const { map, others } = destinationsIn(options)
  const unnamed = new Map<string, string>()
  const nameOf = ({ name, url }: Destination): string => {
    if (name !== url && isName(name)) return name
    const given = unnamed.get(url) ?? `unnamed-${unnamed.size + 1}`
    unnamed.set(url, given)
    return given
  }
  const targets = new Map<string, Said["targets"][number]>()
  const named = (some: ReadonlyArray<Destination>): ReadonlyArray<string> => [
    ...new Set(
      some.map((one) => {
        const name = nameOf(one)
        targets.set(name, { name, url: one.url, secret: one.secret ?? "" }) // of two of one name the last counts
        return name
      })
    )
  ]
  const fields = [...map]
    .filter(([field, some]) => some.length > 0 && isField.test(field))
    .map(([field, some]) => [field, named(some)] as const)
  const routes = { fields: Object.fromEntries(fields), others: named(others) }
  return { targets: [...targets.values()], timeoutMillis: options.forwardTimeoutMs, routes }
}

/** What Meta calls a field: nothing else ever leads anywhere. */
const isField = /^[A-Za-z0-9][\w.:-]{0,63}$/
