import { spawn } from "node:child_process"
import { once } from "node:events"
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { Worker } from "node:worker_threads"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, type Scope } from "effect"
import { until } from "#domain/testing/Eventually.ts"
import { temporaryDirectory } from "../testing/TemporaryDirectory.ts"
import * as DirectoryLock from "./DirectoryLock.ts"

const otherwise = ": stop that first, or set DATA_DIR to another folder"

const pace = { beatMillis: 50, patienceMillis: 2_000 }
/** As on a mount that forwards none. */
const noLock = () => ({ close: () => {} })
const hold = (folder: string, options: DirectoryLock.Options = { pace }) =>
  Layer.build(Layer.fresh(DirectoryLock.layer(folder, options)))
const data = Effect.map(temporaryDirectory, (directory) => join(directory, "deep", "data"))

const holdingProgram = `
  import { Effect, Layer } from "effect"
  import * as DirectoryLock from "${pathToFileURL(join(import.meta.dirname, "DirectoryLock.ts"))}"
  const noLock = () => ({ close: () => {} })
  const options = { pace: ${JSON.stringify(pace)}, ...(process.argv[2] === "no lock" && { lock: noLock }) }
  const held = Layer.build(DirectoryLock.layer(process.argv[1], options))
  const keepAlive = setInterval(() => {}, 1_000)
  const stopped = Effect.callback((resume) => void process.once("SIGTERM", () => resume(Effect.void)))
  await Effect.runPromise(Effect.scoped(Effect.andThen(held, Effect.andThen(Effect.sync(() => console.log("held")), stopped))))
  clearInterval(keepAlive)
`

/** Another process that holds `folder` until it is ended. */
const holder = (folder: string, locking: "lock" | "no lock" = "lock") =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const child = spawn(process.execPath, ["--input-type=module", "--eval", holdingProgram, folder, locking], {
        cwd: import.meta.dirname,
        stdio: ["ignore", "pipe", "pipe"]
      })
      let err = ""
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        err += text
      })
      const exited = once(child, "exit")
      const [said] = await Promise.race([once(child.stdout, "data"), exited])
      assert.strictEqual(String(said), "held\n", err)
      const end = (signal: NodeJS.Signals) =>
        Effect.promise(() => {
          child.kill(signal)
          return exited
        })
      const signal = (name: NodeJS.Signals) => Effect.sync(() => void child.kill(name))
      const ended = Effect.map(
        Effect.promise(() => exited),
        ([code, signal]) => ({ code, signal, said: err })
      )
      return { pid: child.pid!, end, ended, signal }
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
      const refusal = {
        _tag: "DirectoryInUse",
        message: `the data directory ${folder} is in use by process ${pid}${otherwise}`
      }
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

  it.effect.each(["", "lock", '{"token":"a","pid":-1}'])("does not guess the process when the note is %j", (note) =>
    Effect.gen(function* () {
      const folder = yield* data
      yield* hold(folder)
      writeFileSync(join(folder, "lock.json"), note)
      assert.strictEqual(
        (yield* refused(hold(folder))).message,
        `the data directory ${folder} is in use by another process${otherwise}`
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
      mkdirSync(join(folder, "lock.json"), { recursive: true })
      assert.strictEqual((yield* refused(hold(folder)))._tag, "DirectoryUnusable")
      yield* hold(folder)
    })
  )

  it.effect("closes to others what they could read, and says so", () =>
    Effect.gen(function* () {
      const folder = yield* data
      mkdirSync(folder, { recursive: true })
      chmodSync(folder, 0o755)
      writeFileSync(join(folder, "log.db"), "")
      chmodSync(join(folder, "log.db"), 0o644)
      writeFileSync(join(folder, "not-ours.txt"), "", { mode: 0o644 })
      yield* hold(folder)
      assert.deepStrictEqual(
        [".", "log.db", "not-ours.txt"].map((name) => modeOf(join(folder, name))),
        ["700", "600", "644"]
      )
    })
  )

  it.effect("refuses what others could have written", () =>
    Effect.gen(function* () {
      const folder = yield* data
      mkdirSync(folder, { recursive: true })
      chmodSync(folder, 0o777)
      yield* Effect.scoped(hold(folder)) // nothing of ours was in it
      writeFileSync(join(folder, "log.db"), "")
      chmodSync(join(folder, "log.db"), 0o666)
      const told = yield* refused(hold(folder))
      assert.match(told.message, /log\.db is open for other users to write \(mode 666\).*chmod -R go= /)
      chmodSync(join(folder, "log.db"), 0o600)
      chmodSync(folder, 0o777)
      assert.match((yield* refused(hold(folder))).message, /deep\/data is open for other users to write \(mode 777\)/)
      assert.strictEqual(modeOf(folder), "777")
    })
  )

  it.effect.skipIf(process.geteuid?.() !== 0)("refuses what is another user's", () =>
    Effect.gen(function* () {
      const folder = yield* data
      yield* Effect.scoped(hold(folder))
      writeFileSync(join(folder, "log.db"), "", { mode: 0o600 })
      chownSync(join(folder, "log.db"), 1234, 1234)
      assert.match((yield* refused(hold(folder))).message, /log\.db belongs to user 1234, and this process is user 0/)
    })
  )
})

describe("DirectoryLock where a mount forwards no locks", () => {
  const options = { pace, lock: noLock }

  it.live("refuses the folder of a process that renews its note", () =>
    Effect.gen(function* () {
      const folder = yield* data
      const { pid } = yield* holder(folder, "no lock")
      for (const _ of ["once", "and again"]) {
        assert.deepStrictEqual(yield* refused(hold(folder, options)), {
          _tag: "DirectoryInUse",
          message: `the data directory ${folder} is in use by process ${pid}${otherwise}`
        })
      }
    })
  )

  it.live("takes the folder of a process of this machine that is dead at once", () =>
    Effect.gen(function* () {
      const folder = yield* data
      const { end } = yield* holder(folder, "no lock")
      yield* end("SIGKILL")
      const patienceMillis = 15_000 // far beyond what is done at once, on whatever machine
      const begun = performance.now()
      yield* hold(folder, { ...options, pace: { ...pace, patienceMillis } })
      assert.isBelow(performance.now() - begun, patienceMillis)
    })
  )

  it.live("tells a process of another machine from a dead one by watching its note", () =>
    Effect.gen(function* () {
      const folder = yield* data
      yield* Effect.scoped(hold(folder, options))
      const note = (beat: number) =>
        JSON.stringify({ token: "theirs", pid: 7, host: "elsewhere", realm: "elsewhere", beat })
      const file = join(folder, "lock.json")
      writeFileSync(file, note(0))
      const other = new Worker(
        `const { writeFileSync } = require("node:fs")
         let beat = 0
         setInterval(() => writeFileSync(${JSON.stringify(file)}, ${JSON.stringify(note(0))}.replace('"beat":0', '"beat":' + ++beat)), 50)`,
        { eval: true }
      )
      const told = yield* refused(hold(folder, options))
      assert.strictEqual(told.message, `the data directory ${folder} is in use by process 7 on elsewhere${otherwise}`)
      yield* Effect.promise(() => other.terminate())
      yield* hold(folder, options)
      assert.notInclude(readFileSync(file, "utf8"), "theirs")
    })
  )

  it.live("ends a process that stood still and lost its folder, before it writes again", () =>
    Effect.gen(function* () {
      const folder = yield* data
      const paused = yield* holder(folder, "no lock")
      yield* paused.signal("SIGSTOP")
      const next = yield* holder(folder, "no lock")
      yield* paused.signal("SIGCONT")
      const { said, signal } = yield* paused.ended
      assert.strictEqual(signal, "SIGKILL")
      assert.strictEqual(
        said,
        `homing: the data directory ${folder} was taken by another process while this one stood still\n`
      )
      assert.match((yield* refused(hold(folder, options))).message, new RegExp(`process ${next.pid}:`))
    })
  )

  it.live("lets one of all who come at once have a dead one's folder", () =>
    Effect.gen(function* () {
      const folder = yield* data
      yield* Effect.flatMap(holder(folder, "no lock"), ({ end }) => end("SIGKILL"))
      const all = yield* Effect.all(
        Array.from({ length: 5 }, () => Effect.exit(Effect.catchDefect(holder(folder, "no lock"), Effect.fail))),
        { concurrency: "unbounded" }
      )
      assert.lengthOf(all.filter(Exit.isSuccess), 1)
    })
  )

  it.live("makes its note again when somebody deleted it", () =>
    Effect.gen(function* () {
      const folder = yield* data
      const { pid } = yield* holder(folder, "no lock")
      rmSync(join(folder, "lock.json"))
      yield* until(() => existsSync(join(folder, "lock.json")))
      assert.match((yield* refused(hold(folder, options))).message, new RegExp(`process ${pid}:`))
    })
  )
})

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
