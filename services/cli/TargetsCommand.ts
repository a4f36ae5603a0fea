import { readFileSync } from "node:fs"
import { Effect, Schema } from "effect"
import { TargetId } from "#domain/Ids.ts"
import { NotAsked } from "./AgentsCommand.ts"
import type * as Client from "./Client.ts"
import { bad, faint, good, say } from "./Terminal.ts"

interface Target {
  readonly id: string
  readonly app: string
  readonly name: string
  readonly url?: string
  readonly unit: string
  readonly region: string | null
  readonly state: "enabled" | "disabled"
  readonly reason: string | null
  readonly secret?: string
}

const lineOf = ({ id, name, reason, region, state, unit, url = "an address that is not shown" }: Target) => {
  const where = region === null ? unit : `${unit} ${region}`
  return `${id}  ${name}  ${where}  ${state === "enabled" ? good(state) : bad(`${state} (${reason})`)}  ${url}`
}

/** One that was just made shows its secret, once. */
const sayTarget = (target: Target, json: boolean) => {
  if (json) return say(JSON.stringify(target))
  say(lineOf(target))
  if (target.secret !== undefined) say(`  secret ${target.secret}${faint("  shown now and never again")}`)
}

/** What a file holds, without the end of its last line; `-` is standard input. */
export const textOf = (file: string) =>
  Effect.try({
    try: () => readFileSync(file === "-" ? 0 : file, "utf8"),
    catch: () => new NotAsked({ message: `${file} cannot be read` })
  })

/** Which app, and whether to print JSON. */
export interface Asking {
  readonly app: string
  readonly json: boolean
}
type Named = Asking & { readonly target: string }

const all = (ask: Client.Ask, app: string) =>
  Effect.map(
    ask(({ targets }) => targets.list({ query: { app } })),
    ({ items }) => items
  )

/** By its name, or its id. */
const idOf = Effect.fnUntraced(function* (ask: Client.Ask, { app, target }: Named) {
  const found = (yield* all(ask, app)).find(({ id, name }) => id === target || name === target)
  return found?.id ?? (yield* new NotAsked({ message: `the app ${app} has no target ${target}` }))
})

const isId = Schema.is(TargetId)

/** The same of whichever app; its id is asked of nobody. */
export const idAnywhere = Effect.fnUntraced(function* (ask: Client.Ask, target: string) {
  if (isId(target)) return target
  const { items } = yield* ask(({ targets }) => targets.list({ query: {} }))
  const [found, ...others] = items.filter(({ name }) => name === target)
  if (found === undefined) return yield* new NotAsked({ message: `there is no target ${target}` })
  if (others.length > 0) return yield* new NotAsked({ message: `several apps have a target ${target}: say its id` })
  return found.id
})

export const list = (ask: Client.Ask, { app, json }: Asking) =>
  Effect.map(all(ask, app), (items) => {
    for (const target of items) sayTarget(target, json)
  })

export interface Wanted {
  readonly name: string
  readonly url: string
  readonly unit: "raw" | "change"
  readonly region: string | undefined
  readonly timeoutMs: number | undefined
  /** A file with what it is told as its secret. */
  readonly gatewaySecret: string | undefined
}

export const add = Effect.fnUntraced(function* (ask: Client.Ask, wanted: Wanted, { app, json }: Asking) {
  const { gatewaySecret: file, name, region = null, timeoutMs, unit, url } = wanted
  const secret = file === undefined ? undefined : (yield* textOf(file)).replace(/\r?\n$/, "")
  const more = { ...(timeoutMs !== undefined && { timeoutMs }), ...(secret !== undefined && { gatewaySecret: secret }) }
  const payload = { app, name, url, unit, region, ...more }
  const { body } = yield* ask(({ targets }) => targets.create({ headers: {}, payload }))
  sayTarget(body, json)
})

export const show = Effect.fnUntraced(function* (ask: Client.Ask, named: Named) {
  const id = yield* idOf(ask, named)
  sayTarget(yield* ask(({ targets }) => targets.get({ params: { id } })), named.json)
})

export const enable = Effect.fnUntraced(function* (ask: Client.Ask, named: Named, enabled: boolean) {
  const id = yield* idOf(ask, named)
  sayTarget(yield* ask(({ targets }) => targets.change({ params: { id }, payload: { enabled } })), named.json)
})

export const move = Effect.fnUntraced(function* (ask: Client.Ask, named: Named, url: string) {
  const id = yield* idOf(ask, named)
  sayTarget(yield* ask(({ targets }) => targets.change({ params: { id }, payload: { url } })), named.json)
})

export const rotate = Effect.fnUntraced(function* (ask: Client.Ask, named: Named, overlap: number | undefined) {
  const id = yield* idOf(ask, named)
  const payload = overlap === undefined ? {} : { overlapSeconds: overlap }
  const { body } = yield* ask(({ targets }) => targets.rotate({ params: { id }, headers: {}, payload }))
  sayTarget(body, named.json)
})

export const remove = Effect.fnUntraced(function* (ask: Client.Ask, named: Named) {
  const id = yield* idOf(ask, named)
  yield* ask(({ targets }) => targets.remove({ params: { id } }))
})
