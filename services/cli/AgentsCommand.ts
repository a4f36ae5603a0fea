import { readFileSync } from "node:fs"
import { Effect, Redacted, Schedule, Schema } from "effect"
import type { Config } from "../Config.ts"
import * as Client from "./Client.ts"
import { say } from "./Terminal.ts"

export class NotAsked extends Schema.TaggedError<NotAsked>()("NotAsked", { message: Schema.String }) {}

/** The gateway that is asked, and the key to ask it with. By default the one this configuration starts. */
export const apiOf = Effect.fnUntraced(function* (
  { access: { apiKey }, door: { host, port } }: Config,
  url: string | undefined
) {
  if (apiKey === undefined) return yield* new NotAsked({ message: "set API_KEY to a key with the scope admin" })
  const api: Client.Api = { url: url ?? Client.urlOf(host, port), key: Redacted.value(apiKey) }
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

export const list = Effect.fnUntraced(function* (api: Client.Api, path: "/v1/agents" | "/v1/gateway-keys") {
  const { items } = yield* Client.call(api, "GET", path)
  for (const item of items as ReadonlyArray<unknown>) say(JSON.stringify(item))
})

export const revoke = (api: Client.Api, agent: string, key: string) =>
  Client.call(api, "DELETE", `/v1/agents/${encodeURIComponent(agent)}/keys/${encodeURIComponent(key)}`)

const NewKey = Schema.Struct({ keyId: Schema.String })

const isUnaware = (error: unknown): error is Client.CallFailed =>
  error instanceof Client.CallFailed && error.code === "agents_unaware"

/** Makes the gateway's next key, waits until every agent has heard of it, and signs with it from then on. */
export const rotate = Effect.fnUntraced(function* (api: Client.Api) {
  const made = yield* Client.call(api, "POST", "/v1/gateway-keys")
  const { keyId } = yield* Schema.decodeUnknownEffect(NewKey)(made)
  say(`key ${keyId} is announced to the agents`)
  yield* Client.call(api, "POST", `/v1/gateway-keys/${keyId}/activate`, {}).pipe(
    Effect.retry({ while: isUnaware, schedule: Schedule.max([Schedule.spaced("1 second"), Schedule.recurs(90)]) }),
    Effect.catchIf(isUnaware, ({ detail }) =>
      Effect.fail(new NotAsked({ message: `${detail} The key waits: repeat this when they are back` }))
    )
  )
  say(`key ${keyId} signs from now on`)
})

export const revokeGatewayKey = (api: Client.Api, key: string) =>
  Client.call(api, "DELETE", `/v1/gateway-keys/${encodeURIComponent(key)}`)
