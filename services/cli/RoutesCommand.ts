import { Effect, Schema } from "effect"
import { SetRoutes } from "../api/RoutesApi.ts"
import { NotAsked } from "./AgentsCommand.ts"
import type * as Client from "./Client.ts"
import { type Asking, textOf } from "./TargetsCommand.ts"
import { bad, faint, say } from "./Terminal.ts"

interface Table {
  readonly mode: string | null
  readonly fields: Rules
  readonly accounts: Rules
  readonly prefixes: Rules
  readonly countries: Rules
  readonly others: ReadonlyArray<string>
}
type Rules = Readonly<Record<string, ReadonlyArray<string>>>

const nowhere = bad("nowhere")
const leading = (names: ReadonlyArray<string>) => (names.length === 0 ? nowhere : names.join(", "))

const sayTable = (table: Table, json: boolean) => {
  if (json) return say(JSON.stringify(table))
  const { accounts, countries, fields, mode, others, prefixes } = table
  if (mode === "sync") say(faint("the app hands on at once, to whom the environment says: these routes wait"))
  const parts = { field: fields, account: accounts, prefix: prefixes, country: countries }
  for (const [kind, rules] of Object.entries(parts)) {
    for (const [key, names] of Object.entries(rules)) say(`${kind} ${key} → ${leading(names)}`)
  }
  say(`others → ${leading(others)}`)
}

export const show = (ask: Client.Ask, { app, json }: Asking) =>
  Effect.map(
    ask(({ routes }) => routes.get({ query: { app } })),
    (table) => sayTable(table, json)
  )

const jsonIn = (file: string) =>
  Effect.flatMap(textOf(file), (text) =>
    Effect.try({
      try: (): unknown => JSON.parse(text),
      catch: () => new NotAsked({ message: `${file} is not JSON` })
    })
  )
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const decodeTable = Schema.decodeUnknownEffect(SetRoutes, { onExcessProperty: "error" })

/** What `show` prints as JSON is good too: it says the app and its mode besides, and which version it is. */
const tableIn = Effect.fnUntraced(function* (file: string) {
  const found = yield* jsonIn(file)
  const { app: _, mode: __, ...table } = isObject(found) ? found : { [file]: found }
  return yield* Effect.mapError(decodeTable(table), (error) => new NotAsked({ message: `${file}: ${error.message}` }))
})

export const set = Effect.fnUntraced(function* (ask: Client.Ask, file: string, { app, json }: Asking) {
  const payload = yield* tableIn(file)
  sayTable(yield* ask(({ routes }) => routes.set({ query: { app }, payload })), json)
})

interface Told {
  readonly name: string
  readonly unit: string
  readonly region: string | null
  readonly state: string
}
const toldTo = ({ name, region, state, unit }: Told) => {
  const where = region === null ? unit : `${unit} ${region}`
  return `${name} ${faint(`(${where})`)}${state === "enabled" ? "" : bad(" disabled")}`
}
const all = (targets: ReadonlyArray<Told>) => (targets.length === 0 ? nowhere : targets.map(toldTo).join(", "))

export const explain = Effect.fnUntraced(function* (ask: Client.Ask, file: string, { app, json }: Asking) {
  const payload = yield* jsonIn(file)
  if (!isObject(payload)) return yield* new NotAsked({ message: `${file} is not a request of Meta's: a JSON object` })
  const found = yield* ask(({ routes }) => routes.explain({ query: { app }, payload }))
  if (json) return say(JSON.stringify(found))
  for (const { by, field, kind, matched, phoneNumberId, account, targets } of found.changes) {
    const of = [field || "no field", kind, phoneNumberId ?? account ?? ""].filter((word) => word !== "").join(" ")
    say(`${of}  ${faint(`by ${by}${matched === "" ? "" : ` ${matched}`}`)} → ${all(targets)}`)
  }
  if (found.whole.length > 0) say(`the whole request → ${found.whole.map(toldTo).join(", ")}`)
})
