import { readFileSync } from "node:fs"
import { Effect, Option, Redacted, Schedule, Schema } from "effect"
import type { Scope } from "#domain/access/Scopes.ts"
import { AgentOffer } from "#domain/identity/Trust.ts"
import type { Config } from "../Config.ts"
import * as Client from "./Client.ts"
import { say, sayEach, warn } from "./Terminal.ts"

export class NotAsked extends Schema.TaggedError<NotAsked>()("NotAsked", { message: Schema.String }) {}

/** The gateway that is asked, by default the one this configuration starts. */
export const addressOf = ({ door: { host, port } }: Config, url: string | undefined): string =>
  url ?? Client.urlOf(host, port)

export const connect = Effect.fnUntraced(function* (
  { access: { apiKey } }: Config,
  url: string,
  scope: Scope = "admin"
) {
  if (apiKey === undefined) return yield* new NotAsked({ message: `set API_KEY to a key with the scope ${scope}` })
  return yield* Client.connect({ url, key: Redacted.value(apiKey) })
})

/** In which the gateway asks the bus for the agent's lanes. */
const lanesMillis = 1_500

const readOffer = Schema.decodeEffect(Schema.fromJsonString(AgentOffer), { onExcessProperty: "error" })

/** Prints the gateway's answer as one line of JSON: what the agent is to trust. */
export const enrol = Effect.fnUntraced(function* (ask: Client.Ask, offer: string) {
  const payload = yield* readOffer(offer === "-" ? readFileSync(0, "utf8") : offer).pipe(
    Effect.mapError(() => new NotAsked({ message: "this is not what `homing agent keys` prints" }))
  )
  say(JSON.stringify(yield* ask(({ agents }) => agents.enrol({ payload }))))
  yield* Effect.sleep(lanesMillis)
  // a gateway of an earlier release does not tell
  const told = yield* Effect.option(ask(({ health }) => health.detailed({})))
  const shortage = Option.getOrUndefined(told)?.bus.shortage ?? null
  if (shortage !== null) warn(`homing: the agent is enrolled, but NATS has no room for it: ${shortage}`)
})

export const listAgents = (ask: Client.Ask) =>
  Effect.map(
    ask(({ agents }) => agents.list({})),
    sayEach
  )

export const listGatewayKeys = (ask: Client.Ask) =>
  Effect.map(
    ask(({ gatewayKeys }) => gatewayKeys.list({})),
    sayEach
  )

export const revoke = (ask: Client.Ask, agent: string, key: string) =>
  ask(({ agents }) => agents.revokeKey({ params: { id: agent, key } }))

const isUnaware = (error: unknown): error is Client.CallFailed =>
  error instanceof Client.CallFailed && error.code === "agents_unaware"

/** Makes the gateway's next key, waits until every agent has heard of it, and signs with it from then on. */
export const rotate = Effect.fnUntraced(function* (ask: Client.Ask) {
  const { keyId } = yield* ask(({ gatewayKeys }) => gatewayKeys.prepare({}))
  say(`key ${keyId} is announced to the agents`)
  yield* ask(({ gatewayKeys }) => gatewayKeys.activate({ params: { key: keyId }, payload: {} })).pipe(
    Effect.retry({ while: isUnaware, schedule: Schedule.max([Schedule.spaced("1 second"), Schedule.recurs(90)]) }),
    Effect.catchIf(isUnaware, ({ detail }) =>
      Effect.fail(new NotAsked({ message: `${detail} The key waits: repeat this when they are back` }))
    )
  )
  say(`key ${keyId} signs from now on`)
})

export const revokeGatewayKey = (ask: Client.Ask, key: string) =>
  ask(({ gatewayKeys }) => gatewayKeys.revoke({ params: { key } }))
