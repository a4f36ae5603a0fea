import { join } from "node:path"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Effect, Layer, Redacted } from "effect"
import { AgentId } from "#domain/Ids.ts"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import * as AgentProcess from "#mac-agent/Layers.ts"
import * as Enrolment from "#mac-agent/link/Enrolment.ts"
import * as Log from "#services/telemetry/Log.ts"

/** The agent as a process of its own, with an instant WhatsApp. Enrols itself at the gateway, then prints that it is ready. */
const [folder = ".", gateway = "", key = ""] = process.argv.slice(2)
const home = AgentId.make("home")
const data = join(folder, "agent")

const enrol = Effect.gen(function* () {
  const offer = yield* AgentProcess.offer(home, false)
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" }
  const answer = yield* Effect.promise(() =>
    fetch(`${gateway}/v1/agents`, { method: "POST", headers, body: JSON.stringify(offer) })
  )
  yield* Enrolment.trust(home, yield* Effect.promise(() => answer.text()))
}).pipe(Effect.provide(AgentProcess.custody(data)))

process.on("disconnect", () => process.exit(0))

Effect.scoped(
  Effect.gen(function* () {
    yield* enrol
    const bus = AgentProcess.bus(home, Redacted.make(process.env.NATS_URL!), undefined)
    yield* Layer.build(
      AgentProcess.layer(home, data, Instant.layer, bus).pipe(Layer.provide(Log.layer({ level: "error" })))
    )
    console.log(JSON.stringify({ port: 0 }))
    yield* Effect.never
  })
).pipe(NodeRuntime.runMain())
