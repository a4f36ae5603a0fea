import { assert } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { AgentId } from "#domain/Ids.ts"
import { CommandBus } from "#domain/ports/CommandBus.ts"
import * as InProcessBus from "#infra/bus/in-process/InProcess.ts"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import * as AgentProcess from "#mac-agent/Layers.ts"
import * as Enrolment from "#mac-agent/link/Enrolment.ts"
import * as Log from "#services/telemetry/Log.ts"
import { type Homing, start, text } from "./Homing.ts"

/** Gateway and agent that share nothing but a bus: a folder, keys and a ledger each, and an operator between them. */

export const home = AgentId.make("home")
const quiet = Log.layer({ level: "error", out: { write: () => {} } })

export const bus = Effect.map(Layer.build(Layer.fresh(InProcessBus.layer)), (services) =>
  Layer.succeed(CommandBus, Context.get(services, CommandBus))
)
export type Bus = Layer.Layer<CommandBus>

export const startGateway = (path: string, lane: Bus, options: Partial<Parameters<typeof start>[2]> = {}) =>
  start(path, Instant.make().layer, { ...options, withoutAgent: true, ports: lane })

export const startAgent = (path: string, lane: Bus, agent = home, whatsapp = Instant.make().layer) =>
  Layer.build(Layer.fresh(AgentProcess.layer(agent, path, whatsapp, lane)).pipe(Layer.provide(quiet)))

/** What `homing agent keys` prints; with `renew`, `homing agent keys --new`. */
export const offered = (path: string, renew = false, agent = home) =>
  Effect.provide(AgentProcess.offer(agent, renew), (renew ? AgentProcess.renewed : AgentProcess.custody)(path))

/** `homing agent trust` */
export const trusting = (path: string, pin: unknown, agent = home) =>
  Effect.provide(
    Enrolment.trust(agent, typeof pin === "string" ? pin : JSON.stringify(pin)),
    AgentProcess.custody(path)
  )

export const enrolled = Effect.fnUntraced(function* ({ call }: Homing, path: string, agent = home) {
  const { body, status } = yield* call("POST", "/v1/agents", yield* offered(path, false, agent))
  assert.strictEqual(status, 201)
  yield* trusting(path, body, agent)
  return body
})

/** The status told of a message of these words. */
export const sends = Effect.fnUntraced(function* (homing: Homing, device: string, words: string, timeoutMs = 30_000) {
  const asked = text(device, words, { until: "sent", timeoutMs })
  const { body } = yield* homing.call("POST", "/v1/messages", asked, { "idempotency-key": words.replaceAll(" ", "-") })
  return { status: body.status as string, id: body.id as string }
})
