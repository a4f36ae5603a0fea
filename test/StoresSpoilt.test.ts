import { execFileSync } from "node:child_process"
import { chmodSync, closeSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { patience } from "#domain/testing/Eventually.ts"
import { homing } from "./Process.ts"
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

it.live("whatever is wrong with a store is said in a line, and nothing is begun in its place", () =>
  Effect.gen(function* () {
    const { copy, cwd } = yield* used
    const outcomes = yield* Effect.forEach(
      cases,
      Effect.fnUntraced(function* ([name, spoil, line]) {
        const path = copy()
        spoil(path)
        const process = yield* homing(["start"], { cwd, env: { ...env, DATA_DIR: path, PORT: "0" } })
        const { code } = yield* Effect.timeoutOrElse(process.ended, {
          duration: patience,
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
  })
)
