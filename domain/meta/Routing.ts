import type { JsonObject } from "../Json.ts"
import { listIn, textIn } from "./MetaJson.ts"
import type { Piece } from "./Splitting.ts"

type Rules = Readonly<Record<string, ReadonlyArray<string>>>

/** Where what Meta tells goes, by the names of targets. A rule that names none leads on to the next. */
export interface RouteTable {
  /** By the field of the change. */
  readonly fields: Rules
  /** By the id of a phone number, or of a WhatsApp Business Account. */
  readonly accounts: Rules
  /** By how a phone number begins, in digits: the longest counts. */
  readonly prefixes: Rules
  /** By the country in a BSUID, in two capitals. */
  readonly countries: Rules
  readonly others: ReadonlyArray<string>
}

/** Leads nowhere. */
export const noRoutes: RouteTable = { fields: {}, accounts: {}, prefixes: {}, countries: {}, others: [] }

/** What of a piece decides where it goes. */
export type Routed = Pick<Piece, "account" | "field" | "person" | "phoneNumberId">

type Rule = "field" | "account" | "prefix" | "country"

/** Which rule led there, and what it went by. */
export interface Route {
  readonly by: Rule | "default"
  readonly matched: string
  readonly targets: ReadonlyArray<string>
}

const longestPrefix = 15

const under = (rules: Rules, key: string) => (Object.hasOwn(rules, key) ? rules[key]! : [])

/** What each rule could go by in this piece, the more particular first. */
const keysOf = ({ account, field, person, phoneNumberId }: Routed): ReadonlyArray<readonly [Rule, string]> => {
  const digits = person?.phone?.slice(0, longestPrefix) ?? ""
  const [country] = person?.bsuid?.match(/^[A-Z]{2}(?=\.)/) ?? []
  return [
    ["field", field],
    ...[phoneNumberId, account].flatMap((id) => (id === undefined ? [] : [["account", id] as const])),
    ...Array.from(digits, (_, i) => ["prefix", digits.slice(0, digits.length - i)] as const),
    ...(country === undefined ? [] : [["country", country] as const])
  ]
}

/** Total: what nothing matches goes where others go. */
export const routeOf = (routes: RouteTable, piece: Routed): Route => {
  const rules = { field: routes.fields, account: routes.accounts, prefix: routes.prefixes, country: routes.countries }
  for (const [by, matched] of keysOf(piece)) {
    const targets = under(rules[by], matched)
    if (targets.length > 0) return { by, matched, targets: [...new Set(targets)] }
  }
  return { by: "default", matched: "", targets: [...new Set(routes.others)] }
}

/** The fields of all changes, each once. */
export const fieldsIn = (payload: JsonObject): ReadonlyArray<string> => {
  const changes = listIn(payload, "entry").flatMap((entry) => listIn(entry, "changes"))
  return [...new Set(changes.flatMap((change) => textIn(change, "field") ?? []))]
}

/**
 * Where a whole payload goes: to whom its fields lead, each once; to the others only if none of its fields leads anywhere.
 */
export const targetsOfFields = (routes: Pick<RouteTable, "fields" | "others">, fields: ReadonlyArray<string>) => {
  const matched = fields.flatMap((field) => under(routes.fields, field))
  return [...new Set(matched.length > 0 ? matched : routes.others)]
}

/**
 * Of the targets that take requests whole, those that take this one, by where its pieces lead: whoever is led to by more
 * than the default has all of it, and then it goes to no other by default.
 */
export const wholeTo = (
  routes: ReadonlyArray<Route>,
  takesWhole: (target: string) => boolean
): ReadonlyArray<string> => {
  const taking = (some: ReadonlyArray<Route>) => [...new Set(some.flatMap(({ targets }) => targets.filter(takesWhole)))]
  const matched = taking(routes.filter(({ by }) => by !== "default"))
  return matched.length > 0 ? matched : taking(routes)
}
