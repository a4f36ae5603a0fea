import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { s3Stub } from "#infra/archive/testing/S3Stub.ts"
import { eventually, folder } from "./Homing.ts"
import { changed, message, post, secret } from "./MetaFixture.ts"
import { homing, started } from "./Process.ts"

const base = { META_APP_SECRET: secret, PORT: "0", WHATSAPP_URL: "ws://127.0.0.1:9/ws/chat" }

const filesIn = (archive: string) =>
  readdirSync(archive)
    .filter((name) => name.endsWith(".ndjson"))
    .toSorted()
    .map((name) => join(archive, name))

const verified = Effect.fnUntraced(function* (cwd: string, files: ReadonlyArray<string>) {
  const running = yield* homing(["archive", "verify", "--json", ...files], { cwd })
  const { code } = yield* running.ended
  const lines = running.stdout().trim().split("\n")
  return { code, said: lines.map((line) => JSON.parse(line)) }
})

describe("an installation with ARCHIVE_URL", () => {
  it.live("archives, through a kill, what anybody can verify, and whoever changed it is found", () =>
    Effect.gen(function* () {
      const [cwd, archive] = [yield* folder, yield* folder]
      const env = { ...base, ARCHIVE_URL: `file://${archive}`, ARCHIVE_MASK: "text.body", PROXY_ID: "edge-1" }
      let key: string | undefined
      for (let life = 0; life < 2; life++) {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const gateway = yield* started({ cwd, env }, key)
            key = gateway.key
            for (let n = 0; n < 4; n++) {
              const body = JSON.stringify(changed({ messages: [message(`${life}.${n}`, "quokka")] }))
              assert.strictEqual((yield* post(gateway.url, body)).status, 200)
            }
            const read = Effect.sync(() => filesIn(archive).map((file) => readFileSync(file, "utf8")))
            yield* eventually(read, (texts) => texts.join("").split('"kind":"request"').length > 4 * (life + 1))
            yield* gateway.process.end("SIGKILL")
          })
        )
      }
      const files = filesIn(archive)
      const whole = yield* verified(cwd, files)
      assert.strictEqual(whole.code, 0)
      assert.strictEqual(
        whole.said.reduce((sum, { requests }) => sum + requests, 0),
        8
      )
      const text = readFileSync(files[0]!, "utf8")
      assert.notInclude(text, "quokka")
      writeFileSync(files[0]!, text.replace('"proxy":"edge-1"', '"proxy":"edge-2"'))
      const { code, said } = yield* verified(cwd, files)
      assert.strictEqual(code, 2)
      assert.deepInclude(said[0], { verdict: "broken", line: 2, flaw: "broken_link" })
      const missing = yield* homing(["archive", "verify", join(archive, "none")], { cwd })
      assert.strictEqual((yield* missing.ended).code, 1)
      assert.match(missing.stderr(), /none cannot be read/)
    })
  )

  it.live("does not start where a bucket would not keep what is archived", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const bucket = yield* s3Stub
      bucket.be({ isLocked: false })
      const env = {
        ...base,
        ARCHIVE_URL: "s3://archive/homing",
        ARCHIVE_S3_ENDPOINT: bucket.url,
        ARCHIVE_S3_REGION: "eu-central-1",
        ARCHIVE_S3_ACCESS_KEY_ID: "writer",
        ARCHIVE_S3_SECRET_ACCESS_KEY: "a key of the writer's"
      }
      const refused = yield* homing(["start"], { cwd, env })
      assert.strictEqual((yield* refused.ended).code, 1)
      assert.match(refused.stderr(), /bucket archive of ARCHIVE_URL has no Object Lock/)
      bucket.be({ isLocked: true })
      const gateway = yield* started({ cwd, env })
      const body = JSON.stringify(changed({ messages: [message("A", "hello")] }))
      assert.strictEqual((yield* post(gateway.url, body)).status, 200)
      yield* eventually(
        Effect.sync(() => bucket.objects.size),
        (size) => size === 1
      )
      assert.deepStrictEqual(bucket.flaws, [])
      yield* gateway.process.end("SIGTERM")
    })
  )
})
