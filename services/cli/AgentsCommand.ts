import { readFileSync } from "node:fs"
import { Effect, Redacted, Schema } from "effect"
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
