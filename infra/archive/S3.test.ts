import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { archiveContract, Places, recordOf, recordsOf } from "./contract.ts"
import * as S3 from "./S3.ts"
import { type Bucket, s3Stub } from "./testing/S3Stub.ts"

const archiveIn = ({ url }: Bucket, options: Partial<S3.Options> = {}) =>
  S3.make({
    bucket: "archive",
    prefix: "homing/",
    region: "eu-central-1",
    endpoint: url,
    credentials: { id: "writer", secret: Redacted.make("a key of the writer's") },
    mode: "compliance",
    keptDays: 10,
    ...options
  })

const linesIn = ({ objects }: Bucket) => [...objects.values()].map(({ body }) => JSON.parse(body))

const storage = Effect.map(s3Stub, (bucket) => ({
  archive: archiveIn(bucket),
  lines: Effect.sync(() => linesIn(bucket))
}))
archiveContract("S3", Layer.succeed(Places, { empty: storage }))

const appended = (bucket: Bucket, from: number, to: number, options: Partial<S3.Options> = {}) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { open } = yield* archiveIn(bucket, options)
      const { append } = yield* open
      yield* append(recordsOf(from, to))
    })
  )

describe("an archive in a bucket", () => {
  it.effect("puts each under a lock of its own, signed, with a digest, by a name that says its day", () =>
    Effect.gen(function* () {
      const bucket = yield* s3Stub
      yield* appended(bucket, 0, 2)
      yield* appended(bucket, 2, 3, { mode: "governance" })
      assert.deepStrictEqual(bucket.flaws, [])
      const { name, receivedAt } = recordOf(0)
      const key = `homing/${receivedAt.slice(0, 10).replaceAll("-", "/")}/${name}.json`
      const stored = bucket.objects.get(key)!
      assert.strictEqual(stored.mode, "COMPLIANCE")
      assert.strictEqual(
        Date.parse(stored.until),
        Math.floor((Date.parse(receivedAt) + 10 * 86_400_000) / 1_000) * 1_000
      )
      assert.isTrue(stored.body.endsWith("\n"))
      assert.deepStrictEqual(
        [...bucket.objects.values()].map(({ mode }) => mode),
        ["COMPLIANCE", "COMPLIANCE", "GOVERNANCE"]
      )
    })
  )

  it.effect("writes nothing again that is there, whichever way the bucket says so, or was cut off", () =>
    Effect.gen(function* () {
      const bucket = yield* s3Stub
      bucket.be({ isCutOff: true })
      yield* appended(bucket, 0, 1)
      assert.isAbove(bucket.puts(), 1)
      bucket.be({ isCutOff: false })
      yield* appended(bucket, 0, 2)
      bucket.be({ isConditional: false })
      yield* appended(bucket, 0, 3)
      assert.lengthOf(linesIn(bucket), 3)
      assert.deepStrictEqual(bucket.flaws, [])
    })
  )

  it.effect("refuses a bucket without Object Lock, and one that must not be asked; waits for one that is away", () =>
    Effect.gen(function* () {
      const bucket = yield* s3Stub
      const ready = Effect.scoped(Effect.flatMap(archiveIn(bucket), (archive) => archive.ready))
      yield* ready
      for (const isLocked of [false, undefined]) {
        bucket.be({ isLocked })
        const unlocked = yield* Effect.flip(ready)
        assert.strictEqual(unlocked._tag, "ArchiveUnfit")
        assert.match(unlocked.message, /bucket archive of ARCHIVE_URL has no Object Lock/)
      }
      bucket.be({ isLocked: true, status: 403 })
      const forbidden = yield* Effect.flip(ready)
      assert.match(forbidden.message, /AccessDenied.*s3:GetBucketObjectLockConfiguration/)
      assert.notInclude(forbidden.message, "a key of the writer's")
      bucket.be({ status: 503 })
      assert.strictEqual((yield* Effect.flip(ready))._tag, "ArchiveUnavailable")
      assert.strictEqual((yield* Effect.flip(appended(bucket, 0, 1)))._tag, "ArchiveUnavailable")
      bucket.be({ status: undefined })
      yield* appended(bucket, 0, 1)
      assert.lengthOf(linesIn(bucket), 1)
    })
  )
})
