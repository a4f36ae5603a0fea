import { DatabaseSync } from "node:sqlite"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Effect, Layer, Redacted } from "effect"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { whatsapp } from "#mac-agent/Layers.ts"
import { Adopting } from "#services/identity/Installation.ts"
import { alone, together } from "#services/layers/Processes.ts"
import * as Log from "#services/telemetry/Log.ts"
import { addressesOf, listening, optionsOf } from "#services/testing/Composition.ts"
import { tellUsage } from "./Usage.ts"

/** The product as it is, with an instant WhatsApp behind the agent or the one at WHATSAPP_URL. Prints its port when it is ready. */
const [folder = "."] = process.argv.slice(2)

/** Commits of the durable files, each one sync to disk; the views' own client is not durable and not counted. */
let commits = 0
const { prepare } = DatabaseSync.prototype
DatabaseSync.prototype.prepare = function (sql: string) {
  const statement = prepare.call(this, sql)
  if (sql !== "COMMIT" || this.location()?.endsWith("views.db")) return statement
  const run = statement.run.bind(statement)
  statement.run = () => {
    commits++
    return run()
  }
  return statement
}

/** In force as they are installed, and too high to be met. */
const most = 1e9
const rateLimits = { messages: most, devices: most, device: most, address: most, total: most }

const { DATABASE_URL, EVENTSTORE_URL, META_APP_SECRET, NATS_URL, WHATSAPP_URL } = process.env
/** Its door is loaded where there is an app alone. */
const meta =
  META_APP_SECRET === undefined
    ? undefined
    : { appSecret: Redacted.make(META_APP_SECRET), forwardTimeoutMs: 3_000, rawDays: 14 }

const options = optionsOf("benchmark-key-of-this-run", {
  ...(meta !== undefined && { meta }),
  http: { host: "127.0.0.1", port: 0, phoneCountryCode: undefined, drainTimeoutMs: 1_000, rateLimits },
  live: { connections: 100_000, connectionsPerKey: 100_000 },
  queueLimits: { perDevice: 100_000, total: 100_000, waits: 10_000 }
})

tellUsage(() => commits)

/** The bench has no time to wait for an account's turns to ask about new numbers. */
const lookups = { burst: 10_000, everyMs: 1 }
const session = WHATSAPP_URL === undefined ? Instant.layer : whatsapp(folder, { webSocketUrl: WHATSAPP_URL, lookups })
const addresses = {
  ...addressesOf({ database: DATABASE_URL, eventStore: EVENTSTORE_URL, nats: NATS_URL }),
  outboundAllow: [{ range: "loopback", port: undefined }] as const
}
const halves =
  NATS_URL === undefined ? together(folder, options, session, addresses) : alone(folder, addresses, options)
/** A real event store keeps what an earlier run left in it; the folder, with its secrets, is new. */
const product = EVENTSTORE_URL === undefined ? halves : Layer.provide(halves, Layer.succeed(Adopting, true))

Effect.scoped(
  Effect.gen(function* () {
    const { url } = yield* listening(product.pipe(Layer.provide(Log.layer({ level: "error" }))))
    console.log(JSON.stringify({ port: Number(new URL(url).port) }))
    yield* Effect.never
  })
).pipe(NodeRuntime.runMain())
