import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readdirSync, rmdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { temporaryDirectory } from "../../test/TemporaryDirectory.ts"
import * as DirectoryLock from "./DirectoryLock.ts"

const hold = (folder: string) => Layer.build(Layer.fresh(DirectoryLock.layer(folder)))
const data = Effect.map(temporaryDirectory, (directory) => join(directory, "deep", "data"))

const holdingProgram = `
  import { Effect, Layer } from "effect"
  import * as DirectoryLock from "${pathToFileURL(join(import.meta.dirname, "DirectoryLock.ts"))}"
  const held = Layer.build(DirectoryLock.layer(process.argv[1]))
  const keepAlive = setInterval(() => {}, 1_000)
  const stopped = Effect.callback((resume) => void process.once("SIGTERM", () => resume(Effect.void)))
  await Effect.runPromise(Effect.scoped(Effect.andThen(held, Effect.andThen(Effect.sync(() => console.log("held")), stopped))))
  clearInterval(keepAlive)
`

/** Another process that holds `folder` until it is ended. */
const holder = (folder: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const child = spawn(process.execPath, ["--input-type=module", "--eval", holdingProgram, folder], {
        cwd: import.meta.dirname,
        stdio: ["ignore", "pipe", "inherit"]
      })
      const exited = once(child, "exit")
      const [said] = await Promise.race([once(child.stdout, "data"), exited])
      assert.strictEqual(String(said), "held\n")
      const end = (signal: NodeJS.Signals) =>
        Effect.promise(() => {
          child.kill(signal)
          return exited
        })
      return { pid: child.pid!, end }
    }),
    ({ end }) => end("SIGKILL")
  )

const refused = <A>(
  held: Effect.Effect<A, DirectoryLock.DirectoryInUse | DirectoryLock.DirectoryUnusable, Scope.Scope>
) => Effect.map(Effect.flip(Effect.scoped(held)), ({ _tag, message }) => ({ _tag, message }))

describe("DirectoryLock", () => {
  it.effect("refuses the folder that another process holds, and says whose it is", () =>
    Effect.gen(function* () {
      const folder = yield* data
      const { pid } = yield* holder(folder)
      const refusal = { _tag: "DirectoryInUse", message: `the data directory ${folder} is in use by process ${pid}` }
      assert.deepStrictEqual(yield* refused(hold(folder)), refusal)
      assert.deepStrictEqual(yield* refused(hold(folder)), refusal) // being refused takes nothing from the holder
    })
  )

  it.effect.each(["SIGKILL", "SIGTERM"] as const)("is free as soon as the holder is gone (%s)", (signal) =>
    Effect.gen(function* () {
      const folder = yield* data
      const { end } = yield* holder(folder)
      yield* end(signal)
      yield* hold(folder)
      assert.include((yield* refused(hold(folder))).message, `process ${process.pid}`)
    })
  )

  it.effect("is held once within a process, until its scope closes", () =>
    Effect.gen(function* () {
      const folder = yield* data
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* hold(folder)
          assert.strictEqual((yield* refused(hold(folder)))._tag, "DirectoryInUse")
        })
      )
      assert.deepStrictEqual(readdirSync(folder), ["lock.db"])
      yield* hold(folder)
    })
  )

  it.effect("makes the folder for its owner alone", () =>
    Effect.gen(function* () {
      const folder = yield* data
      yield* hold(folder)
      assert.strictEqual(statSync(folder).mode & 0o777, 0o700)
    })
  )

  it.effect.each(["", "lock", "-1"])("does not guess the process when the note is %j", (note) =>
    Effect.gen(function* () {
      const folder = yield* data
      yield* hold(folder)
      writeFileSync(join(folder, "lock.pid"), note)
      assert.strictEqual(
        (yield* refused(hold(folder))).message,
        `the data directory ${folder} is in use by another process`
      )
    })
  )

  it.effect("tells a folder that cannot be used from one that is in use", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryDirectory, "file")
      writeFileSync(file, "")
      assert.strictEqual((yield* refused(hold(file)))._tag, "DirectoryUnusable")
    })
  )

  it.effect("lets go when it cannot note the process", () =>
    Effect.gen(function* () {
      const folder = yield* data
      mkdirSync(join(folder, "lock.pid"), { recursive: true })
      assert.strictEqual((yield* refused(hold(folder)))._tag, "DirectoryUnusable")
      rmdirSync(join(folder, "lock.pid"))
      yield* hold(folder)
    })
  )
})
