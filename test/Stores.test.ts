import { execFileSync } from "node:child_process"
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync
} from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { eventually } from "./Homing.ts"
import { homing, started } from "./Process.ts"
import { env, lose, tamper, used } from "./UsedFolder.ts"

const unfit = (table: string, problem: string) =>
  new RegExp(
    `the table ${table} in \\S+views\\.db cannot be used: ${problem}.*Stop Homing, delete \\S+views\\.db, start: it is made again`
  )

const cases: ReadonlyArray<readonly [string, (path: string) => void, RegExp]> = [
  [
    "log.db is open for others to write",
    (path) => chmodSync(join(path, "log.db"), 0o666),
    /log\.db is open for other users to write/
  ],
  [
    "the folder is open for others to write",
    (path) => chmodSync(path, 0o777),
    /is open for other users to write \(mode 777\)/
  ],
  [
    "the log is missing",
    (path) => lose(path, "log.db"),
    /log\.db is missing, and \S+subject-keys\.db is there: put it back .* lost for ever, .* begin anew, in a folder that is empty/
  ],
  [
    "the log is another",
    (path) => {
      lose(path, "log.db")
      closeSync(openSync(join(path, "log.db"), "a", 0o600))
    },
    /views\.db belongs to another log\. If the log is not the one that belongs here, put that back; else delete views\.db/
  ],
  ...["log.db", "ledger.db-wal", "lock.json", "secrets/pepper"].map(
    (name) =>
      [
        `a pipe has the name of ${name}`,
        (path: string) => {
          rmSync(join(path, name), { force: true })
          execFileSync("mkfifo", ["-m", "600", join(path, name)])
        },
        new RegExp(`${name} is not a file: put the file back`)
      ] as const
  ),
  [
    "the subject keys are missing",
    (path) => lose(path, "subject-keys.db"),
    /subject-keys\.db is missing, and \S+log\.db is there/
  ],
  [
    "the subject keys are empty",
    (path) => {
      lose(path, "subject-keys.db")
      closeSync(openSync(join(path, "subject-keys.db"), "a", 0o600))
    },
    /there is no subject key.* the log needs some/
  ],
  ["the ledger is missing", (path) => lose(path, "ledger.db"), /ledger\.db is missing/],
  ["the credentials are missing", (path) => lose(path, "whatsapp.db"), /whatsapp\.db is missing/],
  ...["pepper", "subject-keys", "ledger", "whatsapp-auth", "agent-signing", "agent-agreement"].map(
    (name) =>
      [
        `the secret ${name} is missing`,
        (path: string) => rmSync(join(path, "secrets", name)),
        new RegExp(`secrets/${name} is missing`)
      ] as const
  ),
  [
    "the secret of the ledger is another",
    (path) => writeFileSync(join(path, "secrets/ledger"), Buffer.alloc(32, 7)),
    /ledger\.db cannot be opened: .*secret ledger/
  ],
  [
    "the secret of the subject keys is another",
    (path) => writeFileSync(join(path, "secrets/subject-keys"), Buffer.alloc(32, 7)),
    /not wrapped under the secret subject-keys/
  ],
  ...["signing", "agreement"].map(
    (half) =>
      [
        `the gateway's ${half} key is another`,
        (path: string) => writeFileSync(join(path, "secrets", `gateway-${half}`), Buffer.alloc(32, 7)),
        /none of the secrets is a key of the gateway that this log trusts now/
      ] as const
  ),
  [
    "the log is cut off",
    (path) => truncateSync(join(path, "log.db"), 8_192),
    /log\.db cannot be opened: .*Restore it from a backup/
  ],
  [
    "a page of the log is damaged",
    (path) => {
      const db = new DatabaseSync(join(path, "log.db"))
      const root = db.prepare("SELECT rootpage FROM sqlite_master WHERE name = 'events'").get()!.rootpage as number
      db.close()
      const file = openSync(join(path, "log.db"), "r+")
      writeSync(file, Buffer.alloc(64, 0xff), 0, 64, (root - 1) * 4_096)
      closeSync(file)
    },
    /log\.db cannot be opened: .*Restore it from a backup/
  ],
  [
    "a table was copied without its primary key",
    (path) => {
      const db = new DatabaseSync(join(path, "subject-keys.db"))
      db.exec("CREATE TABLE copied AS SELECT * FROM keys; DROP TABLE keys; ALTER TABLE copied RENAME TO keys")
      db.close()
    },
    /subject-keys\.db cannot be opened: its table keys has not the columns, keys and indexes/
  ],
  [
    "a table beside the views lacks a column",
    tamper("views.db", "ALTER TABLE key_uses RENAME COLUMN used_at TO used"),
    unfit("key_uses", "it lacks the column used_at TEXT NOT NULL")
  ],
  [
    "the checkpoints lack their key",
    tamper(
      "views.db",
      "CREATE TABLE copied AS SELECT * FROM checkpoints; DROP TABLE checkpoints; ALTER TABLE copied RENAME TO checkpoints"
    ),
    unfit("checkpoints", "it lacks the column view_name")
  ],
  ...["'x'", "''", "X'00'"].map(
    (value) =>
      [
        `a checkpoint is ${value}`,
        tamper("views.db", `UPDATE checkpoints SET position = ${value} WHERE view_name = 'devices'`),
        unfit("checkpoints", "a position in it is none")
      ] as const
  ),
  ...["0", "-3", "'x'"].map(
    (value) =>
      [
        `a table's version is ${value}`,
        tamper("views.db", `UPDATE table_versions SET version = ${value} WHERE name = 'dispatcher'`),
        unfit("dispatcher", "what table_versions says of it is no version")
      ] as const
  ),
  [
    "what the log says of itself is not what was written",
    tamper("log.db", "UPDATE events SET data = '{}' WHERE type LIKE 'store.gateway_key_added.%'"),
    /the event store\.gateway_key_added\.v1 at position \d+ of the log, in store-\S+, is not what was written: .*estore the log/
  ]
]

it.live(
  "whatever is wrong with a store is said in a line, and nothing is begun in its place",
  () =>
    Effect.gen(function* () {
      const { copy, cwd } = yield* used
      const outcomes = yield* Effect.forEach(
        cases,
        Effect.fnUntraced(function* ([name, spoil, line]) {
          const path = copy()
          spoil(path)
          const process = yield* homing(["start"], { cwd, env: { ...env, DATA_DIR: path, PORT: "0" } })
          const { code } = yield* Effect.timeoutOrElse(process.ended, {
            duration: "1 minute",
            orElse: () => Effect.succeed({ code: "it started", signal: null })
          })
          const said = process.stderr().trimEnd()
          return {
            name,
            code,
            said: said.startsWith("homing: ") && !said.includes("\n") && line.test(said) ? "as it should" : said
          }
        }),
        { concurrency: 3 }
      )
      assert.deepStrictEqual(
        outcomes,
        cases.map(([name]) => ({ name, code: 1, said: "as it should" }))
      )
    }),
  300_000
)

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
