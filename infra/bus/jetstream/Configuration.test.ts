import { execFileSync, spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { AgentId } from "#domain/Ids.ts"
import { describeWith, programOf } from "../../../test/servers/Installed.ts"
import { temporaryDirectory } from "../../testing/TemporaryDirectory.ts"
import { configuration, keyVariable } from "./Configuration.ts"
import { userOf } from "./Nkey.ts"

const agent = AgentId.make("home")
const shipped = { "nats-2.9.conf": false, "nats-2.10.23.conf": true }
const fileOf = (name: string) => join(import.meta.dirname, "../nats", name)

describe("the configurations of nats-server that are shipped", () => {
  for (const [name, syncAlways] of Object.entries(shipped)) {
    it(`${name} is what is generated for one agent`, () => {
      assert.strictEqual(readFileSync(fileOf(name), "utf8"), configuration({ agents: [agent], syncAlways }))
    })
  }
})

describeWith("nats-server", "nats-server", () => {
  const key = userOf(new Uint8Array(32).fill(1))
  const other = userOf(new Uint8Array(32).fill(2))
  const check = (text: string) =>
    Effect.map(temporaryDirectory, (folder) => {
      const file = join(folder, "nats.conf")
      writeFileSync(file, text)
      const { status, stderr } = spawnSync(programOf("nats-server")!, ["-t", "-c", file], {
        encoding: "utf8",
        env: {
          HOMING_NATS_LISTEN: "127.0.0.1:4222",
          HOMING_NATS_STORE: folder,
          HOMING_NATS_CERT: join(folder, "certificate.pem"),
          HOMING_NATS_KEY: join(folder, "key.pem"),
          [keyVariable("gateway")]: key.publicKey,
          [keyVariable({ agent })]: other.publicKey
        }
      })
      return { valid: status === 0, said: stderr }
    })
  const version = () =>
    /v(\d+)\.(\d+)/.exec(execFileSync(programOf("nats-server")!, ["--version"], { encoding: "utf8" }))!
  const knowsSync = () => Number(version()[1]) > 2 || Number(version()[2]) >= 10

  it.live("takes what is shipped; sync_interval is all that an older one does not know", () =>
    Effect.gen(function* () {
      const older = yield* check(readFileSync(fileOf("nats-2.9.conf"), "utf8"))
      assert.isTrue(older.valid, older.said)
      const newer = readFileSync(fileOf("nats-2.10.23.conf"), "utf8")
      const { said, valid } = yield* check(newer)
      if (!knowsSync()) assert.match(said.trim(), /^\S+: \S+nats\.conf:\d+:\d+: unknown field "sync_interval"$/)
      assert.strictEqual(valid, knowsSync())
      const without = yield* check(newer.replace(/^.*sync_interval: always.*$/m, ""))
      assert.isTrue(without.valid, without.said)
    })
  )

  it.live("takes the part about TLS as far as its certificates", () =>
    Effect.gen(function* () {
      const text = configuration({ agents: [agent], syncAlways: false })
      const { said } = yield* check(text.replace(/^# (?=tls|}| {2}(cert|key)_file)/gm, ""))
      assert.match(said, /no such file or directory/)
    })
  )

  it.live("refuses a misspelt key", () =>
    Effect.gen(function* () {
      const text = configuration({ agents: [agent], syncAlways: false }).replace("max_file_store", "max_file_stores")
      assert.isFalse((yield* check(text)).valid)
    })
  )
})
