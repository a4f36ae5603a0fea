import { assert, it } from "@effect/vitest"
import { Schema } from "effect"
import type { Json, JsonObject } from "../Json.ts"
import { type RouteTable, routeOf } from "./Routing.ts"
import { split } from "./Splitting.ts"

const routes: RouteTable = {
  fields: { account_update: ["operations"] },
  accounts: {},
  prefixes: { "55": ["br"], "49": ["eu"] },
  countries: { BR: ["br"], DE: ["eu"] },
  others: ["rest"]
}
const people = ["5511987654321", "4915112345678", "16505551234", "BR.1587", "DE.1588", "US.1589"] as const
const region = (who: string) =>
  who.startsWith("55") || who.startsWith("BR") ? "br" : who.startsWith("49") || who.startsWith("DE") ? "eu" : "rest"

const isBsuid = (who: string) => who.includes(".")
const from = (who: string) => (isBsuid(who) ? { from_user_id: who } : { from: who })
const contact = (who: string) => ({
  profile: { name: `name of ${who}` },
  ...(isBsuid(who) ? { user_id: who } : { wa_id: who })
})

/** Every value that is no list or object, with the names that lead there; places in lists are no part of it. */
const leavesOf = (value: Json | undefined, path = ""): ReadonlyArray<string> => {
  if (typeof value !== "object" || value === null) return [`${path}=${JSON.stringify(value)}`]
  const within = Array.isArray(value) ? value.map((one) => ["", one] as const) : Object.entries(value)
  if (within.length === 0) return [`${path}=${Array.isArray(value) ? "[]" : "{}"}`]
  return within.flatMap(([name, one]) => leavesOf(one as Json, `${path}/${name}`))
}

const item = Schema.Struct({ who: Schema.Literals(people), body: Schema.String, isStatus: Schema.Boolean })

it.prop(
  "what each region gets of a request names nobody of another, and all of them together have every member of it",
  [Schema.Array(Schema.Array(item)), Schema.Record(Schema.String, Schema.String)],
  ([changes, strange]) => {
    const valueOf = (items: ReadonlyArray<typeof item.Type>): JsonObject => {
      const messages = items.filter(({ isStatus }) => !isStatus)
      const statuses = items.filter(({ isStatus }) => isStatus)
      const known = [...new Set(messages.map(({ who }) => who))]
      return {
        metadata: { phone_number_id: "1" },
        unheard_of: strange,
        ...(messages.length > 0 && {
          contacts: known.map(contact),
          messages: messages.map(({ body, who }, i) => ({ ...from(who), id: `m${i}`, text: { body } }))
        }),
        ...(statuses.length > 0 && {
          statuses: statuses.map(({ body, who }, i) => ({
            id: `s${i}`,
            status: "sent",
            said: body,
            ...(isBsuid(who) ? { recipient_user_id: who } : { recipient_id: who })
          }))
        })
      }
    }
    const some = [
      ...changes.map((items) => ({ field: "messages", value: valueOf(items) })),
      { field: "x", value: strange }
    ]
    const payload: JsonObject = { object: "whatsapp_business_account", entry: [{ id: "7", changes: some as never }] }
    const told = new Map<string, Array<string>>()
    for (const piece of split(payload)) {
      const { targets } = routeOf(routes, piece)
      for (const name of targets) told.set(name, [...(told.get(name) ?? []), JSON.stringify(piece.payload)])
    }
    for (const [name, texts] of told) {
      for (const who of people.filter((one) => region(one) !== name)) {
        for (const text of texts) assert.notInclude(text, `"${who}"`)
      }
    }
    const all = new Set([...told.values()].flat().flatMap((text) => leavesOf(JSON.parse(text))))
    for (const leaf of leavesOf(JSON.parse(JSON.stringify(payload)))) assert.isTrue(all.has(leaf), leaf)
  }
)
