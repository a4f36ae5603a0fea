import {
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { eventually } from "./Homing.ts"
import { homing, started } from "./Process.ts"
import { env, lose, used } from "./UsedFolder.ts"

it.live("an emptied ledger is no reason to stop, and said in a line", () =>
  Effect.gen(function* () {
    const { copy, cwd } = yield* used
    const path = copy()
    lose(path, "ledger.db")
    closeSync(openSync(join(path, "ledger.db"), "a", 0o600))
    const views = new DatabaseSync(join(path, "views.db"))
    views.exec("INSERT OR REPLACE INTO dispatcher (id, position) SELECT 1, position FROM devices")
    views.close()
    const { stderr } = yield* homing(["start"], { cwd, env: { ...env, DATA_DIR: path, PORT: "0" } })
    yield* eventually(Effect.sync(stderr), (said) =>
      said.includes("the ledger is empty, and commands were handed to it")
    )
  })
)

it.live("what belongs to another log is refused", () =>
  Effect.gen(function* () {
    const [mine, other] = yield* Effect.all([used, used], { concurrency: 2 })
    const refusal = Effect.fnUntraced(function* (...names: ReadonlyArray<string>) {
      const [path, theirs] = [mine.copy(), other.copy()]
      for (const name of names) cpSync(join(theirs, name), join(path, name))
      const process = yield* homing(["start"], { cwd: mine.cwd, env: { ...env, DATA_DIR: path, PORT: "0" } })
      assert.strictEqual((yield* process.ended).code, 1)
      return process.stderr().trimEnd()
    })
    assert.strictEqual(
      yield* refusal("views.db"),
      "homing: views.db belongs to another log. If the log is not the one that belongs here, put that back; else delete views.db, and it is made anew"
    )
    assert.match(
      yield* refusal("subject-keys.db", "secrets/subject-keys"),
      /^homing: the subject keys, in subject-keys\.db or the database, belong to another log\. [^\n]+$/
    )
    assert.match(yield* refusal("ledger.db"), /^homing: [^\n]+ledger\.db cannot be opened: [^\n]+secret ledger[^\n]+$/)
  })
)

it.live("a log is not begun anew at an address beside one that holds anything", () =>
  Effect.gen(function* () {
    const { copy, cwd } = yield* used
    const log = { EVENTSTORE_URL: "esdb://elsewhere.invalid?tls=false" }
    const process = yield* homing(["start"], { cwd, env: { ...env, ...log, DATA_DIR: copy(), PORT: "0" } })
    assert.strictEqual((yield* process.ended).code, 1)
    assert.match(
      process.stderr().trimEnd(),
      /^homing: \S+log\.db holds a log, and EVENTSTORE_URL says [^\n]+ move it [^\n]+$/
    )
  })
)

it.live("views that are damaged, or missing, are made anew, and what was damaged is kept aside", () =>
  Effect.gen(function* () {
    const { copy, cwd } = yield* used
    const path = copy()
    writeFileSync(join(path, "views.db"), "this is not what it was ".repeat(1_000))
    const first = yield* started({ cwd, env: { ...env, DATA_DIR: path } }, env.API_KEY)
    const listed = (call: typeof first.call) =>
      eventually(call("GET", "/v1/devices"), ({ body }) => body.items?.length === 1)
    yield* listed(first.call)
    yield* first.process.end("SIGTERM")
    assert.match(first.process.stderr(), /a damaged database is set aside and made anew/)
    assert.isTrue(readdirSync(path).some((name) => /^views\.db\.damaged-[\dTZ-]+$/.test(name)))
    lose(path, "views.db")
    const second = yield* started({ cwd, env: { ...env, DATA_DIR: path } }, env.API_KEY)
    yield* listed(second.call)
  })
)

it.live("every database is read through when somebody asks for it", () =>
  Effect.gen(function* () {
    const { copy, cwd } = yield* used
    const path = copy()
    const check = Effect.gen(function* () {
      const process = yield* homing(["store", "check"], { cwd, env: { ...env, DATA_DIR: path } })
      const { code } = yield* process.ended
      return { code, said: process.stdout() + process.stderr() }
    })
    const whole = yield* check
    assert.deepStrictEqual(
      [whole.code, [...whole.said.matchAll(/^(\S+) is whole$/gm)].map(([, name]) => name).toSorted()],
      [0, ["ledger.db", "log.db", "refusals.db", "subject-keys.db", "views.db", "whatsapp.db"]]
    )
    truncateSync(join(path, "ledger.db"), 8_192)
    const cut = yield* check
    assert.strictEqual(cut.code, 1)
    assert.match(cut.said, /ledger\.db cannot be opened: .*Restore it from a backup/)
  })
)

it.live("lost keys are gone on without when an operator says so", () =>
  Effect.gen(function* () {
    const { copy, cwd } = yield* used
    const path = copy()
    renameSync(join(path, "subject-keys.db"), join(path, "lost"))
    const mine = { ...env, DATA_DIR: path }
    closeSync(openSync(join(path, "subject-keys.db"), "a", 0o600))
    for (const name of ["pepper", "agent-signing"]) rmSync(join(path, "secrets", name))
    const adopting = yield* homing(["store", "adopt"], { cwd, env: mine })
    assert.strictEqual((yield* adopting.ended).code, 0, adopting.stderr())
    assert.isTrue(existsSync(join(path, "subject-keys.db")))
    const { call } = yield* started({ cwd, env: mine }, env.API_KEY)
    const { body } = yield* eventually(call("GET", "/v1/devices"), (answer) => answer.body.items?.length === 1)
    assert.isUndefined(body.items[0].name)
  })
)
