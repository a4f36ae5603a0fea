import { readFileSync } from "node:fs"
import { Effect, Redacted, Schedule, Schema } from "effect"
import type { Config } from "../Config.ts"
import * as Client from "./Client.ts"
import { say } from "./Terminal.ts"

export class NotAsked extends Schema.TaggedError<NotAsked>()("NotAsked", { message: Schema.String }) {}

/** The gateway that is asked, and the key to ask it with. By default the one this configuration starts. */
export const apiOf = Effect.fnUntraced(function* (config: Config, url: string | undefined) {
  if (config.apiKey === undefined) return yield* new NotAsked({ message: "set API_KEY to a key with the scope admin" })
  const api: Client.Api = { url: url ?? `http://${config.host}:${config.port}`, key: Redacted.value(config.apiKey) }
  return api
})

const parse = (text: string) =>
  Effect.try({
    try: (): object => JSON.parse(text),
    catch: () => new NotAsked({ message: "this is not what `homing agent keys` prints" })
  })

/** Prints the gateway's answer as one line of JSON: what the agent is to trust. */
export const enrol = Effect.fnUntraced(function* (api: Client.Api, offer: string) {
  const asked = yield* parse(offer === "-" ? readFileSync(0, "utf8") : offer)
  say(JSON.stringify(yield* Client.call(api, "POST", "/v1/agents", asked)))
})

export const list = Effect.fnUntraced(function* (api: Client.Api) {
  const { items } = yield* Client.call(api, "GET", "/v1/agents")
  for (const item of items as ReadonlyArray<unknown>) say(JSON.stringify(item))
})

export const revoke = (api: Client.Api, agent: string, key: string) =>
  Client.call(api, "DELETE", `/v1/agents/${encodeURIComponent(agent)}/keys/${encodeURIComponent(key)}`)

const Agents = Schema.Struct({ items: Schema.Array(Schema.Struct({ id: Schema.String, upToDate: Schema.Boolean })) })
const decodeAgents = Schema.decodeUnknownEffect(Agents)
const NewKey = Schema.Struct({ keyId: Schema.String })

export const listKeys = Effect.fnUntraced(function* (api: Client.Api) {
  const { items } = yield* Client.call(api, "GET", "/v1/gateway-keys")
  for (const item of items as ReadonlyArray<unknown>) say(JSON.stringify(item))
})

/** Makes the gateway's next key, waits until every agent has heard of it, and signs with it from then on. */
export const rotate = Effect.fnUntraced(function* (api: Client.Api) {
  const made = yield* Client.call(api, "POST", "/v1/gateway-keys")
  const { keyId } = yield* Schema.decodeUnknownEffect(NewKey)(made)
  say(`key ${keyId} is announced to the agents`)
  const unaware = Effect.map(Effect.flatMap(Client.call(api, "GET", "/v1/agents"), decodeAgents), ({ items }) =>
    items.filter(({ upToDate }) => !upToDate)
  )
  const last = yield* Effect.repeat(unaware, {
    until: (agents) => agents.length === 0,
    schedule: Schedule.max([Schedule.spaced("1 second"), Schedule.recurs(90)])
  }).pipe(Effect.andThen(unaware))
  if (last.length > 0) {
    const names = last.map(({ id }) => id).join(", ")
    return yield* new NotAsked({ message: `not heard of by ${names}; the key waits. Repeat this when they are back` })
  }
  yield* Client.call(api, "POST", `/v1/gateway-keys/${keyId}/activate`, {})
  say(`key ${keyId} signs from now on`)
})

export const revokeGatewayKey = (api: Client.Api, key: string) =>
  Client.call(api, "DELETE", `/v1/gateway-keys/${encodeURIComponent(key)}`)
