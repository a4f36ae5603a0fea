import { appendFileSync, chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { reading } from "#domain/archive/Reading.ts"
import type { ArchiveService } from "#domain/ports/Archive.ts"
import { crypto, layer as cryptoLayer } from "#infra/crypto/NodeCrypto.ts"
import { temporaryDirectory } from "../testing/TemporaryDirectory.ts"
import { archiveContract, Places, recordOf, recordsOf } from "./contract.ts"
import * as Files from "./Files.ts"

const filesIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".ndjson"))
    .toSorted()
const textsIn = (folder: string) => filesIn(folder).map((name) => readFileSync(join(folder, name), "utf8"))
const linesIn = (folder: string) => textsIn(folder).flatMap((text) => text.split("\n").filter((line) => line !== ""))
const bodiesIn = (folder: string) =>
  linesIn(folder).flatMap((line) => {
    const { body, id, kind } = JSON.parse(line)
    return kind === "request" ? [{ id, body }] : []
  })

const archiveIn = (folder: string, options: Partial<Files.Options> = {}) =>
  Effect.provide(Files.make({ folder, ...options }), cryptoLayer)

const storage = Effect.map(temporaryDirectory, (folder) => ({
  archive: archiveIn(folder),
  lines: Effect.sync(() => bodiesIn(folder))
}))
archiveContract("files", Layer.succeed(Places, { empty: storage }))

/** As one process does it. */
const during = <A, E>(
  archive: ArchiveService,
  act: (append: (from: number, to: number) => Effect.Effect<void, unknown>) => Effect.Effect<A, E>
) => Effect.scoped(Effect.flatMap(archive.open, ({ append }) => act((from, to) => append(recordsOf(from, to)))))

/** Read by what an auditor has, file after file. */
const flawsIn = (folder: string) => {
  let before: { segment: number; link: string } | undefined
  return textsIn(folder).flatMap((text) => {
    const reader = reading(crypto, before)
    const found = text
      .split("\n")
      .filter((line) => line !== "")
      .flatMap((line, i) => {
        const said = reader.take(line)
        return typeof said === "string" ? [`${i + 1} ${said}`] : []
      })
    before = reader.soFar()
    return found.slice(0, 1)
  })
}

describe("an archive of files", () => {
  it.effect("gives its lock back when a file that is being closed is closed", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryDirectory
      const archive = yield* archiveIn(folder)
      yield* TestClock.setTime(Date.parse("2026-11-30T23:59:30Z"))
      yield* during(archive, (append) => Effect.andThen(append(0, 3), TestClock.adjust("2 minutes")))
      const [first] = filesIn(folder)
      assert.strictEqual(statSync(join(folder, first!)).mode & 0o777, 0o440)
      assert.include(textsIn(folder)[0], '"kind":"closed"')
    })
  )

  it.effect("begins a file each day, closes the one before, and nobody can write to that again", () =>
    Effect.gen(function* () {
      const folder = join(yield* temporaryDirectory, "made", "here")
      const archive = yield* archiveIn(folder)
      yield* TestClock.setTime(Date.parse("2026-11-30T23:59:30Z"))
      yield* during(archive, (append) =>
        Effect.gen(function* () {
          yield* append(0, 3)
          assert.deepStrictEqual(filesIn(folder), ["00000001-2026-11-30.ndjson"])
          yield* TestClock.adjust("2 minutes") // and nothing more comes
          yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 100)))
          const [first] = filesIn(folder)
          assert.strictEqual(statSync(join(folder, first!)).mode & 0o777, 0o440)
          assert.include(textsIn(folder)[0], '"kind":"closed"')
          yield* append(3, 4)
        })
      )
      assert.deepStrictEqual(filesIn(folder), ["00000001-2026-11-30.ndjson", "00000002-2026-12-01.ndjson"])
      assert.deepStrictEqual(flawsIn(folder), [])
      yield* TestClock.setTime(Date.parse("2026-11-29T12:00:00Z")) // a clock that was set back
      yield* during(archive, (append) => append(4, 5))
      assert.lengthOf(filesIn(folder), 2)
      assert.deepStrictEqual(flawsIn(folder), [])
    })
  )

  it.effect("begins another file when one is as long as it may be", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryDirectory
      const archive = yield* archiveIn(folder, { longestBytes: 1_000 })
      yield* during(archive, (append) =>
        Effect.forEach(
          Array.from({ length: 12 }, (_, i) => i),
          (i) => append(i, i + 1)
        )
      )
      assert.isAbove(filesIn(folder).length, 2)
      assert.lengthOf(bodiesIn(folder), 12)
      assert.deepStrictEqual(flawsIn(folder), [])
    })
  )

  it.effect("goes on behind the last whole line of a process that was killed, wherever it was", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryDirectory
      const archive = yield* archiveIn(folder)
      yield* during(archive, (append) => append(0, 4))
      const file = join(folder, filesIn(folder)[0]!)
      const whole = readFileSync(file)
      const third = whole.toString().split("\n").slice(0, 3).join("\n").length + 1
      // cut anywhere in the last line, or behind it what a disk makes of what was never synced
      const cuts = [third, third + 1, third + 200, whole.length - 1].map((end) => whole.subarray(0, end))
      for (const left of [...cuts, Buffer.concat([whole.subarray(0, third), Buffer.alloc(300)])]) {
        writeFileSync(file, left)
        const from = yield* Effect.scoped(
          Effect.flatMap(archive.open, ({ newest }) => Stream.runCollect(Stream.take(newest, 1)))
        )
        yield* during(archive, (append) => append(Number(from[0]!.position) + 1, 6))
        assert.deepStrictEqual(
          bodiesIn(folder).map(({ body }) => body),
          ["said 0", "said 1", "said 2", "said 3", "said 4", "said 5"].slice(0, 6)
        )
        assert.deepStrictEqual(flawsIn(folder), [])
      }
      writeFileSync(file, whole.subarray(0, 20)) // not even its first line
      yield* during(archive, (append) => append(0, 1))
      assert.deepStrictEqual(flawsIn(folder), [])
    })
  )

  it.effect("refuses one that somebody changed, and says where", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryDirectory
      const archive = yield* archiveIn(folder)
      yield* during(archive, (append) => append(0, 4))
      const file = join(folder, filesIn(folder)[0]!)
      const whole = readFileSync(file, "utf8")
      const lines = whole.split("\n")
      for (const [spoilt, where] of [
        [whole.replace("said 1", "said 7"), /line 3 on \(broken_link\)/],
        [whole.replace("said 3", "said 9"), /line 5 on \(broken_link\)/],
        [[...lines.slice(0, 2), ...lines.slice(3)].join("\n"), /line 3 on \(broken_link\)/],
        [[...lines.slice(0, 2), "nonsense", ...lines.slice(2)].join("\n"), /line 3 on \(unreadable\)/],
        [lines.slice(1).join("\n"), /line 1 on \(misplaced\)/]
      ] as const) {
        writeFileSync(file, spoilt)
        const refused = yield* Effect.flip(during(archive, (append) => append(4, 5)))
        assert.match((refused as Error).message, where)
        assert.strictEqual(readFileSync(file, "utf8"), spoilt)
      }
    })
  )

  it.effect("has it on disk before it says so", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryDirectory
      const archive = yield* archiveIn(folder)
      yield* during(archive, (append) => append(0, 1))
      const synced = yield* Effect.acquireRelease(
        Effect.promise(async () => {
          const handle = await open(join(folder, filesIn(folder)[0]!))
          const handles = Object.getPrototypeOf(handle)
          await handle.close()
          const { datasync } = handles
          const sizes: Array<number> = []
          handles.datasync = async function (this: FileHandle) {
            const { size } = await this.stat()
            await datasync.call(this)
            sizes.push(size)
          }
          return { sizes, restore: () => Object.assign(handles, { datasync }) }
        }),
        ({ restore }) => Effect.sync(restore)
      )
      yield* during(archive, (append) =>
        Effect.forEach([1, 2, 3], (n) =>
          Effect.map(append(n, n + 1), () => assert.strictEqual(synced.sizes.at(-1), textsIn(folder)[0]!.length))
        )
      )
    })
  )

  it.effect("knows the newest first, over all files, and belongs to one process at a time", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryDirectory
      const archive = yield* archiveIn(folder, { longestBytes: 1 })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { append } = yield* archive.open
          for (let i = 0; i < 4; i++) yield* append([recordOf(i)])
          const refused = yield* Effect.flip(Effect.scoped(archive.open))
          assert.match(refused.message, /in use by another process/)
        })
      )
      const { newest } = yield* archive.open
      const places = [...(yield* Stream.runCollect(newest))].map(({ position }) => position)
      assert.deepStrictEqual([...new Set(places)], [3n, 2n, 1n, 0n])
    })
  )

  it.effect("removes what is older only if told to, and never what is still written to", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryDirectory
      const [keeping, removing] = [yield* archiveIn(folder), yield* archiveIn(folder, { removedAfterDays: 2 })]
      const on = (archive: ArchiveService, day: string, n: number) =>
        Effect.andThen(
          TestClock.setTime(Date.parse(`${day}T12:00:00Z`)),
          during(archive, (append) => append(n, n + 1))
        )
      for (const [n, day] of ["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-30"].entries())
        yield* on(keeping, day, n)
      assert.lengthOf(filesIn(folder), 4)
      yield* on(removing, "2026-12-02", 9)
      assert.deepStrictEqual(filesIn(folder), ["00000004-2026-11-30.ndjson", "00000005-2026-12-02.ndjson"])
      assert.deepStrictEqual(flawsIn(folder), [])
    })
  )

  it.effect("says that it cannot be written to, and goes on when it can", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryDirectory
      const archive = yield* archiveIn(folder)
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { append } = yield* archive.open
          yield* append(recordsOf(0, 1))
          const file = join(folder, filesIn(folder)[0]!)
          const whole = readFileSync(file)
          yield* Effect.promise(() =>
            import("node:fs/promises").then(({ rm, mkdir }) => rm(file).then(() => mkdir(file)))
          )
          assert.strictEqual((yield* Effect.flip(append(recordsOf(1, 2))))._tag, "ArchiveUnavailable")
          assert.match((yield* Effect.flip(append(recordsOf(1, 2)))).message, /is to be read first/)
          yield* Effect.promise(() => import("node:fs/promises").then(({ rm }) => rm(file, { recursive: true })))
          writeFileSync(file, whole)
          appendFileSync(file, '{"v":1,"kind":"req')
          chmodSync(file, 0o640)
          assert.isTrue(existsSync(file))
        })
      )
      yield* during(archive, (append) => append(1, 2))
      assert.lengthOf(bodiesIn(folder), 2)
      assert.deepStrictEqual(flawsIn(folder), [])
    })
  )
})
