import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { eventStoreDouble } from "#infra/event-store/double/testing/DoubleFixture.ts"
import { folder } from "./Homing.ts"
import { homing, simulator, started } from "./Process.ts"
import { type NatsServer, natsServer } from "./servers/Nats.ts"
import { postgres } from "./servers/Postgres.ts"

/** The servers between and under the two halves, and a WhatsApp: each a process of its own. */
export const backbonesOver = Effect.fnUntraced(function* (
  natsIn: (cwd: string) => Effect.Effect<NatsServer, never, Scope.Scope>
) {
  const cwd = yield* folder
  const [whatsapp, eventStore, nats, database] = yield* Effect.all(
    [simulator(cwd), eventStoreDouble, natsIn(cwd), postgres({ settings: { fsync: "off" } })],
    { concurrency: "unbounded" }
  )
  const env = {
    EVENTSTORE_URL: eventStore.url,
    NATS_URL: nats.url,
    DATABASE_URL: yield* database.database,
    WHATSAPP_URL: whatsapp.url
  }
  return { cwd, whatsapp, eventStore, nats, database, env }
})
export const backbones = backbonesOver(() => natsServer())
export type Backbones = Effect.Success<typeof backbones>

/** A gateway; those that are given the same folder share its secrets. */
export const gateway = ({ cwd, env }: Backbones, folder = "gateway", key?: string) =>
  started({ cwd, env: { ...env, DATA_DIR: folder, DRAIN_TIMEOUT_MS: "2000" } }, key)
export type Gateway = Effect.Success<ReturnType<typeof gateway>>

/** What an operator does once: the agent's keys to the gateway, the gateway's to the agent. */
export const enrol = Effect.fnUntraced(function* ({ cwd, env }: Backbones, { key, url }: Gateway) {
  mkdirSync(join(cwd, "agent"), { recursive: true, mode: 0o700 })
  const run = Effect.fnUntraced(function* (...args: ReadonlyArray<string>) {
    const process = yield* homing(args, { cwd, env: { ...env, DATA_DIR: "agent", API_KEY: key } })
    const { code } = yield* process.ended
    if (code !== 0) return yield* Effect.die(new Error(process.stderr()))
    return process.stdout().trim()
  })
  const pin = yield* run("agents", "enrol", "--url", url, yield* run("agent", "keys"))
  yield* run("agent", "trust", pin)
})

/** The agent, once it has started. */
export const agent = Effect.fnUntraced(function* ({ cwd, env }: Backbones) {
  const process = yield* homing(["agent", "start"], { cwd, env: { ...env, DATA_DIR: "agent" } })
  yield* process.says(/Homing agent/)
  return process
})

/** Gateway and agent, and a device that is connected. */
export const connected = Effect.fnUntraced(function* (bones: Backbones) {
  const first = yield* gateway(bones)
  yield* enrol(bones, first)
  const mac = yield* agent(bones)
  const { body } = yield* first.call("POST", "/v1/devices", { name: "phone", pairing: "qr" })
  return { gateway: first, agent: mac, device: body.id as string }
})
