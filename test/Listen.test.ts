import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { until } from "#domain/testing/Eventually.ts"
import { folder } from "./Homing.ts"
import { homing, scan, simulator, started } from "./Process.ts"

const own = "4915123987604"
const friend = "60123987651"
const env = { API_KEY: "a-key-for-tests-only", DATA_DIR: "data" }

describe("homing listen", () => {
  it.live("shows who writes what, goes on when its gateway was killed, and ends with its key", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const whatsapp = yield* simulator(cwd)
      const settings = { ...env, WHATSAPP_URL: whatsapp.url }
      const gateway = yield* started({ cwd, env: settings }, env.API_KEY)
      const { body: made } = yield* gateway.call("POST", "/v1/devices", { name: "desk", pairing: "qr" })
      yield* scan(gateway, whatsapp, made.id, own)
      const { body: client } = yield* gateway.call("POST", "/v1/clients", {
        name: "one",
        scopes: ["events:read", "messages:read:all"]
      })
      const key: string = client.key.secret
      const reading = (...args: ReadonlyArray<string>) =>
        homing(["listen", "--url", gateway.url, ...args], { cwd, env: { ...env, API_KEY: key } })
      const { body: before } = yield* gateway.call("GET", "/v1/events?limit=500")
      const shown = yield* reading("--after", before.items[0].cursor)
      yield* shown.says(/device connected/)
      const lines = yield* reading("--json", "--types", "homing.inbound.message.v1", "--after", before.next)
      yield* whatsapp.control("incoming", { from: friend, to: own, text: "an \u001b[2Janswer" })
      yield* shown.says(/inbound message +← .+ {2}“an ·\[2Janswer”/)
      yield* lines.says(/"text":"an \\u001b\[2Janswer"/)

      const { port } = new URL(gateway.url)
      yield* gateway.process.end("SIGKILL")
      yield* until(() => shown.stderr().includes("trying again"))
      const again = yield* started({ cwd, env: { ...settings, PORT: port } }, env.API_KEY)
      yield* until(() => lines.stderr().includes("connected again"))
      yield* whatsapp.control("incoming", { from: friend, to: own, text: "another" })
      yield* lines.says(/"text":"another"/)
      assert.lengthOf(lines.stdout().trim().split("\n"), 2)

      const { code } = yield* shown.end("SIGINT")
      assert.strictEqual(code, 0)
      yield* again.call("DELETE", `/v1/clients/${client.id}/keys/${client.key.id}`)
      assert.strictEqual((yield* lines.ended).code, 1)
      assert.match(lines.stderr(), /homing: the gateway answers 401 unauthorized: The key is not valid any more\.\n$/)
    })
  )

  it.live("says in a line what keeps it from listening", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const nowhere = yield* homing(["listen", "--url", "http://127.0.0.1:9"], { cwd, env })
      const keyless = yield* homing(["listen"], { cwd })
      assert.strictEqual((yield* nowhere.ended).code, 1)
      assert.strictEqual(
        nowhere.stderr(),
        "homing: no gateway answers at http://127.0.0.1:9: see whether it runs there; --url says where else to ask\n"
      )
      assert.strictEqual((yield* keyless.ended).code, 1)
      assert.strictEqual(keyless.stderr(), "homing: set API_KEY to a key with the scope events:read\n")
    })
  )
})
