import { execFileSync } from "node:child_process"
import { cpSync, rmSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { eventually } from "../Homing.ts"
import { homing } from "../Process.ts"
import * as Split from "../Split.ts"
import { describeWith, programOf } from "../servers/Installed.ts"
import { natsServer } from "../servers/Nats.ts"
import { text } from "./Files.ts"

/** What a command prints before anything runs. */
const printed = Effect.fnUntraced(function* (cwd: string, dataDirectory: string, ...command: ReadonlyArray<string>) {
  const process = yield* homing(command, { cwd, env: { DATA_DIR: dataDirectory } })
  assert.strictEqual((yield* process.ended).code, 0, process.stderr())
  return process.stdout().trim()
})

/** Of the shipped configurations, the one for the server that is here; it is what the command prints. */
const configuration = Effect.fnUntraced(function* (cwd: string) {
  const version = execFileSync(programOf("nats-server")!, ["--version"], { encoding: "utf8" })
  const old = /v2\.[0-9]\./.test(version)
  const shipped = text(join("infra/bus/nats", old ? "nats-2.9.conf" : "nats-2.10.23.conf"))
  const made = yield* printed(cwd, "gateway", "nats", ...(old ? ["--before-2.10"] : []), "home")
  assert.strictEqual(`${made}\n`, shipped)
  return shipped
})

const bones = Split.backbonesOver((cwd) =>
  Effect.gen(function* () {
    return yield* natsServer({
      config: yield* configuration(cwd),
      env: {
        HOMING_NATS_LISTEN: '"127.0.0.1:4222"',
        HOMING_GATEWAY_NKEY: yield* printed(cwd, "gateway", "nkey"),
        HOMING_AGENT_HOME_NKEY: JSON.parse(yield* printed(cwd, "agent", "agent", "keys")).nkey
      }
    })
  })
)

describeWith("nats-server", "the first steps as they are told", () => {
  describeWith("PostgreSQL", "over every server", () => {
    it.live(
      "keys, the shipped configuration, enrolment: agent and gateway hear each other, and NATS lets in nobody else",
      () =>
        Effect.gen(function* () {
          const all = yield* bones
          const { device, gateway } = yield* Split.connected(all)
          yield* eventually(gateway.call("GET", `/v1/devices/${device}`), ({ body }) => body.qr !== undefined)

          cpSync(join(all.cwd, "gateway"), join(all.cwd, "another"), { recursive: true })
          rmSync(join(all.cwd, "another/secrets/gateway-nkey"))
          const stranger = yield* Split.gateway(all, "another", gateway.key)
          yield* eventually(Effect.sync(stranger.process.stderr), (log) => /authorization violation/i.test(log))
          const ready = yield* stranger.call("GET", "/health/ready")
          assert.deepStrictEqual([ready.status, ready.body.code], [503, "bus_unavailable"])
          const { body } = yield* stranger.call("GET", "/health/detailed")
          assert.include(body.bus.promise, "not reached yet")
        })
    )
  })
})
