import { Effect, Schema } from "effect"
import { publicTypeNames } from "../api/PublicTypes.ts"
import { NotAsked } from "./AgentsCommand.ts"
import type * as Client from "./Client.ts"
import { bad, faint, good, say } from "./Terminal.ts"

/** What was sent to try an endpoint out did not arrive. */
export class NotArrived extends Schema.TaggedError<NotArrived>()("NotArrived", { came: Schema.String }) {
  override get message() {
    return `the test did not arrive: ${this.came}`
  }
}

interface Endpoint {
  readonly id: string
  readonly url?: string
  readonly state: "enabled" | "disabled"
  readonly reason: string | null
  readonly secret?: string
}

const lineOf = ({ id, reason, state, url = "an address that cannot be read" }: Endpoint) =>
  `${id}  ${state === "enabled" ? good(state) : bad(`${state} (${reason})`)}  ${url}`

/** One that was just made shows its secret, once. */
const sayEndpoint = (endpoint: Endpoint, json: boolean) => {
  if (json) return say(JSON.stringify(endpoint))
  say(lineOf(endpoint))
  if (endpoint.secret !== undefined) say(`  secret ${endpoint.secret}${faint("  shown now and never again")}`)
}

/** Whether to print JSON. */
interface Printing {
  readonly json: boolean
}
type Named = Printing & { readonly id: string }

export const list = (ask: Client.Ask, { json }: Printing) =>
  Effect.map(
    ask(({ endpoints }) => endpoints.list({})),
    ({ items }) => {
      for (const endpoint of items) sayEndpoint(endpoint, json)
    }
  )

export interface Wanted {
  readonly url: string
  /** Separated by commas; empty: all. */
  readonly types: string
  readonly device: string | undefined
  readonly personal: boolean
}

const isType = Schema.is(Schema.Literals(publicTypeNames))

export const create = Effect.fnUntraced(function* (
  ask: Client.Ask,
  { device, types, ...wanted }: Wanted,
  { json }: Printing
) {
  const named = types.split(",").flatMap((type) => type.trim() || [])
  const known = named.filter(isType)
  if (known.length < named.length) {
    return yield* new NotAsked({ message: `there are no events of the type ${named.find((type) => !isType(type))}` })
  }
  const payload = { ...wanted, device: device ?? null, types: known }
  const { body } = yield* ask(({ endpoints }) => endpoints.create({ headers: {}, payload }))
  sayEndpoint(body, json)
})

export const show = (ask: Client.Ask, { id, json }: Named) =>
  Effect.map(
    ask(({ endpoints }) => endpoints.get({ params: { id } })),
    (endpoint) => sayEndpoint(endpoint, json)
  )

/** For so long the secret before is good too; if nothing is said, as long as the API has it. */
export const rotate = (ask: Client.Ask, { id, json, overlap }: Named & { readonly overlap: number | undefined }) =>
  Effect.map(
    ask(({ endpoints }) =>
      endpoints.rotate({
        params: { id },
        headers: {},
        payload: overlap === undefined ? {} : { overlapSeconds: overlap }
      })
    ),
    ({ body }) => sayEndpoint(body, json)
  )

export const enable = (ask: Client.Ask, { enabled, id, json }: Named & { readonly enabled: boolean }) =>
  Effect.map(
    ask(({ endpoints }) => endpoints.change({ params: { id }, payload: { enabled } })),
    (endpoint) => sayEndpoint(endpoint, json)
  )

export const remove = (ask: Client.Ask, id: string) => ask(({ endpoints }) => endpoints.remove({ params: { id } }))

/** Fails unless it arrived. */
export const test = Effect.fnUntraced(function* (ask: Client.Ask, { id, json }: Named) {
  const { body: attempt } = yield* ask(({ endpoints }) => endpoints.test({ params: { id }, headers: {} }))
  const { error, millis, status } = attempt
  if (json) say(JSON.stringify(attempt))
  if (status === undefined || status < 200 || status >= 300) {
    return yield* new NotArrived({ came: status === undefined ? (error ?? "no answer") : `it was answered ${status}` })
  }
  if (!json) say(`it was answered ${status} ${faint(`after ${millis} ms`)}`)
})
