import { mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { folder, text } from "./Homing.ts"
import { homing, scan, simulator, started } from "./Process.ts"
import { natsServer } from "./servers/Nats.ts"

/** The local addresses, hexadecimal as the kernel writes them, on which a process listens. Linux's /proc. */
const listening = (pid: number): ReadonlyArray<string> => {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return [] // closed meanwhile
      }
    })
  )
  const listens: Record<string, string> = { tcp: "0A", tcp6: "0A", udp: "07", udp6: "07" }
  return Object.entries(listens).flatMap(([kind, state]) =>
    readFileSync(`/proc/${pid}/net/${kind}`, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === state && sockets.has(fields[9]!))
      .map((fields) => `${kind} ${fields[1]!}`)
  )
}

describe.runIf(process.platform === "linux")("homing agent", () => {
  it.live("is enrolled by five commands, sends, and listens nowhere", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const [whatsapp, nats] = yield* Effect.all([simulator(cwd), natsServer()], { concurrency: "unbounded" })
      const env = { NATS_URL: nats.url, WHATSAPP_URL: whatsapp.url, WHATSAPP_VERSION: "2.3000.1099999999" }
      const gateway = yield* started({ cwd, env: { ...env, DATA_DIR: "gateway" } })
      mkdirSync(join(cwd, "agent"), { mode: 0o700 })
      const run = Effect.fnUntraced(function* (...args: ReadonlyArray<string>) {
        const command = yield* homing(args, { cwd, env: { ...env, DATA_DIR: "agent", API_KEY: gateway.key } })
        const { code } = yield* command.ended
        return { code, out: command.stdout().trim(), err: command.stderr().trim() }
      })

      const early = yield* run("agent", "start")
      assert.strictEqual(early.code, 1)
      assert.match(early.err, /^homing: agent home trusts no gateway yet\. Run `homing agent keys`/)
      const { out: offer } = yield* run("agent", "keys")
      const { out: pin } = yield* run("agents", "enrol", "--url", gateway.url, offer)
      assert.deepStrictEqual(Object.keys(JSON.parse(pin)).includes("gatewayKeys"), true)
      const wrong = yield* run("agent", "trust", offer)
      assert.deepStrictEqual([wrong.code, wrong.out], [1, ""])
      assert.strictEqual((yield* run("agent", "trust", pin)).code, 0)

      const agent = yield* homing(["agent", "start"], { cwd, env: { ...env, DATA_DIR: "agent" } })
      yield* agent.says(/Homing agent/)
      const { body } = yield* gateway.call("POST", "/v1/devices", { name: "phone", pairing: "qr" })
      yield* scan(gateway, whatsapp, body.id, "15550100001")
      const sent = yield* gateway.call("POST", "/v1/messages", text(body.id), { "idempotency-key": "one" })
      assert.deepStrictEqual([sent.status, sent.body.status], [201, "sent"])
      assert.deepStrictEqual(yield* whatsapp.versions, ["2.3000.1099999999"])

      const isLoopback = (address: string) => /^(tcp|udp) 0100007F:|^(tcp|udp)6 0{24}01000000:/.test(address)
      assert.deepStrictEqual(
        listening(agent.pid).filter((address) => !isLoopback(address)),
        []
      )
      assert.lengthOf(listening(gateway.process.pid), 1) // the same look finds the gateway's door

      const list = yield* run("agents", "list", "--url", gateway.url)
      const { clockOffsetMs, id, lastHeardAt, upToDate } = JSON.parse(list.out)
      assert.deepStrictEqual([id, upToDate, typeof clockOffsetMs], ["home", true, "object"])
      assert.isBelow(Date.now() - Date.parse(lastHeardAt), 60_000)
      const rotated = yield* run("keys", "rotate", "--url", gateway.url)
      assert.match(rotated.out, /signs from now on$/)
      const again = yield* gateway.call("POST", "/v1/messages", text(body.id, "two"), { "idempotency-key": "two" })
      assert.deepStrictEqual([again.status, again.body.status], [201, "sent"])
      assert.strictEqual((yield* agent.end("SIGTERM")).code, 0)
    })
  )
})
