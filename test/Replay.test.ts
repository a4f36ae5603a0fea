import { createHash } from "node:crypto"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { callerOf, folder } from "./Homing.ts"
import { homing, started } from "./Process.ts"

const env = { PORT: "0", WHATSAPP_URL: "ws://127.0.0.1:9/ws/chat" }

const replayed = Effect.fnUntraced(function* (
  cwd: string,
  args: ReadonlyArray<string>,
  more: Record<string, string> = {}
) {
  const running = yield* homing(["replay", ...args], { cwd, env: more })
  const { code } = yield* running.ended
  return { code, stdout: running.stdout(), stderr: running.stderr() }
})

const linesOf = (text: string) =>
  text
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))

/** What is in the files of a folder, those apart that SQLite itself makes beside what it reads. */
const contents = (path: string): ReadonlyArray<string> =>
  readdirSync(path)
    .toSorted()
    .flatMap((name) => {
      const file = join(path, name)
      if (statSync(file).isDirectory()) return contents(file)
      if (/-(wal|shm)$/.test(name)) return []
      return [`${name} ${createHash("sha256").update(readFileSync(file)).digest("hex")}`]
    })

describe("replay", () => {
  it.live("reads beside a gateway that runs, and beside none, and changes nothing", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const data = join(cwd, "data")
      const gateway = yield* started({ cwd, env })
      const call = callerOf(gateway.url, gateway.key)
      const { body: device } = yield* call("POST", "/v1/devices", { name: "a quokka's phone", pairing: "qr" })
      const asked = { name: "reader", scopes: ["messages:read:all"] }
      const { body: client } = yield* call("POST", "/v1/clients", asked)

      const shown = linesOf((yield* replayed(cwd, ["show", "--json", "--device", device.id])).stdout)
      assert.strictEqual(shown[0].type, "device.created.v1")
      assert.isTrue(shown.every(({ stream }) => stream === `device-${device.id}`))
      assert.strictEqual(shown[0].data.name, "(masked)")
      const { code, stdout } = yield* replayed(cwd, ["diff", "--json"])
      assert.strictEqual(code, 0, stdout)
      assert.isTrue(linesOf(stdout)[0].isSame)

      const follower = yield* homing(["replay", "follow", "--from", "1", "--json"], { cwd })
      yield* call("PATCH", `/v1/devices/${device.id}`, { name: "an echidna's phone" })
      yield* follower.says(/device\.renamed/)
      assert.notInclude(follower.stdout(), "echidna")
      yield* follower.end("SIGTERM")
      yield* gateway.process.end("SIGTERM")

      const before = contents(data)
      const at = shown[0].position
      const state = yield* replayed(cwd, ["state", `device-${device.id}`, "--at", at, "--json"])
      assert.deepInclude(linesOf(state.stdout)[0], { events: 1 })
      for (const args of [
        ["state"],
        ["export"],
        ["export", "--csv"],
        ["export", "--chat", "+60123456789"],
        ["diff"],
        ["rebuild", "--into", join(cwd, "r.db")]
      ]) {
        const { code, stderr } = yield* replayed(cwd, args)
        assert.strictEqual(code, 0, `${args.join(" ")}: ${stderr}`)
      }
      assert.deepStrictEqual(contents(data), before)

      assert.strictEqual((yield* replayed(cwd, ["state", "device-nobody", "--json"])).code, 3)
      assert.strictEqual((yield* replayed(cwd, ["state", "--at", "soon"])).code, 1)
      assert.strictEqual((yield* replayed(cwd, ["export", "--chat", "+60123456789"])).stdout, "")
      assert.strictEqual((yield* replayed(cwd, ["export", "--chat", "somebody"])).code, 1)
      assert.strictEqual((yield* replayed(cwd, ["rebuild", "--into", join(cwd, "r.db")])).code, 1)

      const secret: string = client.key.secret
      const keyed = (key: string) => replayed(cwd, ["export", "--personal"], { API_KEY: key })
      assert.include((yield* keyed(secret)).stdout, "quokka")
      for (const wrong of [
        `${secret.slice(0, -1)}${secret.endsWith("A") ? "B" : "A"}`,
        "any word that is long enough"
      ]) {
        const refused = yield* keyed(wrong)
        assert.strictEqual(refused.code, 1)
        assert.notInclude(refused.stdout, "quokka")
      }

      const db = new DatabaseSync(join(data, "views.db"))
      db.exec(`UPDATE devices SET connection = 'connected' WHERE id = '${device.id}'`)
      db.close()
      const differing = yield* replayed(cwd, ["diff", "--json"])
      assert.strictEqual(differing.code, 2)
      const { isSame, tables } = linesOf(differing.stdout)[0]
      assert.isFalse(isSame)
      const flawed = tables.filter(({ extra, missing }: { extra: number; missing: number }) => extra + missing > 0)
      const [{ rows: _, ...flaw }] = flawed
      assert.deepStrictEqual([flaw, flawed.length], [{ view: "devices", table: "devices", missing: 1, extra: 1 }, 1])
    })
  )
})
