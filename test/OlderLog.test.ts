import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import { eventually, folder } from "./Homing.ts"
import { homing, started } from "./Process.ts"
import { describeWith } from "./servers/Installed.ts"

/** A folder whose log has been put back to what it was before its last events. */
const putBack = Effect.fnUntraced(function* (more: Readonly<Record<string, string>>) {
  const cwd = yield* folder
  const env = { DATA_DIR: "data", WHATSAPP_URL: "ws://127.0.0.1:9/", API_KEY: "a key for these tests", ...more }
  const [data, copy] = [join(cwd, "data"), join(cwd, "copy")]
  const logs = (path: string) => readdirSync(path).filter((file) => file.startsWith("log.db"))
  const devices = (count: number) =>
    Effect.gen(function* () {
      const { call, process } = yield* started({ cwd, env }, env.API_KEY)
      const asked = { name: "phone", pairing: "qr" }
      for (let i = 0; i < count; i++)
        yield* eventually(call("POST", "/v1/devices", asked), ({ status }) => status === 201)
      const all = call("GET", "/v1/devices")
      yield* eventually(all, ({ body }) => body.items?.length >= count)
      yield* Effect.sleep("1200 millis") // the dispatcher's checkpoint
      assert.strictEqual((yield* process.end("SIGTERM")).code, 0)
    })
  yield* devices(1)
  mkdirSync(copy)
  for (const file of logs(data)) cpSync(join(data, file), join(copy, file))
  yield* devices(2)
  for (const file of logs(data)) rmSync(join(data, file))
  cpSync(copy, data, { recursive: true })
  const refused = Effect.gen(function* () {
    const process = yield* homing(["start"], { cwd, env: { PORT: "0", ...env } })
    assert.deepStrictEqual(yield* process.ended, { code: 1, signal: null })
    return process.stderr().trimEnd()
  })
  const run = (...args: ReadonlyArray<string>) => Effect.flatMap(homing(args, { cwd, env }), (process) => process.ended)
  return { cwd, data, env, refused, run }
})

const line = (what: string) =>
  new RegExp(
    `^homing: the log is older than ${what}: it ends at \\d+, and they have come to \\d+\\. [^\\n]+raise-epoch[^\\n]+$`
  )

it.live("an older log under newer views is refused, and under a newer ledger, until it has begun a new epoch", () =>
  Effect.gen(function* () {
    const { cwd, data, env, refused, run } = yield* putBack({})
    assert.match(yield* refused, line("its views"))
    for (const file of readdirSync(data)) if (file.startsWith("views.db")) rmSync(join(data, file))
    assert.match(yield* refused, line("the commands in ledger\\.db"))
    assert.deepStrictEqual(yield* run("store", "raise-epoch"), { code: 0, signal: null })
    for (const file of readdirSync(data)) if (file.startsWith("views.db")) rmSync(join(data, file))
    const { call } = yield* started({ cwd, env }, env.API_KEY)
    yield* eventually(call("GET", "/health/ready"), ({ status }) => status === 200)
  })
)

describeWith("PostgreSQL", "an older log", () => {
  it.layer(Postgres.layer, { excludeTestServices: true })("under views in PostgreSQL", (it) => {
    it.effect("is refused as well, and also when only the dispatcher's place is ahead", () =>
      Effect.gen(function* () {
        const url = yield* (yield* Postgres).database
        const { refused } = yield* putBack({ DATABASE_URL: Redacted.value(url) })
        assert.match(yield* refused, line("its views"))
        const sql = yield* clientOf(url)
        yield* sql`DELETE FROM checkpoints`
        assert.match(yield* refused, line("the commands that were handed to agents"))
      })
    )
  })
})
