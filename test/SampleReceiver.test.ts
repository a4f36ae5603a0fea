import { spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { join, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { listed, route, scene, target } from "./ForwardingScene.ts"
import { eventually, folder, life } from "./Homing.ts"
import { changed, message, post } from "./MetaFixture.ts"

/** Where nobody listens yet. */
const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** The receiver of the documentation, as people would run it; killed with the scope. */
const receiver = (file: string, port: number, secrets: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [resolve(import.meta.dirname, "../docs/receiver.ts"), file], {
        env: { PATH: process.env.PATH, PORT: String(port), ...secrets },
        stdio: ["ignore", "ignore", "inherit"]
      })
    ),
    (child) => Effect.sync(() => void child.kill("SIGKILL"))
  )

const takenIn = (file: string) =>
  Effect.sync((): ReadonlyArray<{ readonly id: string; readonly said: unknown }> => {
    if (!existsSync(file)) return []
    const lines = readFileSync(file, "utf8").split("\n").slice(0, -1)
    return lines.map((line) => JSON.parse(line))
  })
const atLeast = (file: string, n: number) => eventually(takenIn(file), ({ length }) => length >= n)
const said = (id: string) => JSON.stringify(changed({ messages: [message(id, id)] }))

describe("a target as the documentation has it", () => {
  it.live("takes each change once, also what comes again after it was killed, and nothing from others", () =>
    Effect.gen(function* () {
      const [port, taken] = [yield* freePort, join(yield* folder, "taken.jsonl")]
      const url = `http://127.0.0.1:${port}/`
      const homing = yield* scene()
      const { id, secret } = yield* target(homing, "there", url)
      yield* route(homing, { others: ["there"] })
      const first = yield* life
      yield* first.during(receiver(taken, port, { SECRET: secret }))
      yield* post(homing.url, said("A"))
      yield* atLeast(taken, 1)
      yield* first.end
      yield* post(homing.url, said("B"))
      yield* receiver(taken, port, { SECRET: secret })
      const [, b] = yield* atLeast(taken, 2)
      assert.strictEqual((b!.said as { object: string }).object, "whatsapp_business_account")
      const [delivery] = yield* eventually(listed(homing, id, "&status=delivered"), ({ length }) => length === 2)
      yield* homing.call("POST", `/v1/deliveries/${delivery.id}/redrive`, {})
      yield* eventually(
        Effect.map(homing.call("GET", `/v1/deliveries/${delivery.id}`), ({ body }) => body),
        ({ attempts, status }) => status === "delivered" && attempts.length > delivery.attempts.length
      )
      const headers = { "webhook-id": "forged", "webhook-signature": "v1,AAAA", "webhook-timestamp": "1" }
      const forged = yield* Effect.promise(() => fetch(url, { method: "POST", headers, body: said("C") }))
      assert.strictEqual(forged.status, 401)
      assert.lengthOf(yield* takenIn(taken), 2)
    })
  )

  it.live("takes whole requests once, whose secret and signature it knows", () =>
    Effect.gen(function* () {
      const [port, taken] = [yield* freePort, join(yield* folder, "taken.jsonl")]
      const homing = yield* scene()
      const raw = { unit: "raw", gatewaySecret: "shared" }
      const { id } = yield* target(homing, "there", `http://127.0.0.1:${port}/`, raw)
      yield* route(homing, { others: ["there"] })
      yield* receiver(taken, port, { GATEWAY_SECRET: "shared", APP_SECRET: "5f2b8c0d9e1a4763b8c0d9e1a47635f2" })
      for (const _ of [1, 2]) yield* post(homing.url, said("A"))
      const [one] = yield* atLeast(taken, 1)
      assert.deepStrictEqual(one!.said, JSON.parse(said("A")))
      yield* eventually(listed(homing, id, "&status=delivered"), ({ length }) => length === 1)
      assert.lengthOf(yield* takenIn(taken), 1)
    })
  )
})
