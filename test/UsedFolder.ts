import { cpSync, rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { eventually, folder } from "./Homing.ts"
import { started } from "./Process.ts"

/** Data folders as a process left them, to be spoilt. */

export const env = { DATA_DIR: "data", WHATSAPP_URL: "ws://127.0.0.1:9/", API_KEY: "a key for these tests" }

const rowsOf = (path: string) => {
  const views = new DatabaseSync(join(path, "views.db"), { readOnly: true })
  const { length } = views.prepare("SELECT 1 FROM devices").all()
  views.close()
  return length
}

/** A folder as a process left it that had a device, and copies of it to be spoilt. */
export const used = Effect.gen(function* () {
  const cwd = yield* folder
  const { call, process } = yield* started({ cwd, env }, env.API_KEY)
  yield* eventually(call("GET", "/v1/devices"), ({ body }) => body.items?.length === 1)
  yield* eventually(
    Effect.sync(() => rowsOf(join(cwd, "data"))),
    (rows) => rows === 1
  ) // what is in memory may be ahead
  assert.strictEqual((yield* process.end("SIGTERM")).code, 0)
  let copies = 0
  const copy = () => {
    const path = join(cwd, `copy-${copies++}`)
    cpSync(join(cwd, "data"), path, { recursive: true })
    return path
  }
  return { cwd, copy }
})

export const lose = (path: string, name: string) => {
  for (const end of ["", "-wal", "-shm"]) rmSync(join(path, `${name}${end}`), { force: true })
}

/** What somebody does to a database of the folder. */
export const tamper =
  (name: string, ...statements: ReadonlyArray<string>) =>
  (path: string) => {
    const db = new DatabaseSync(join(path, name))
    for (const statement of statements) db.exec(statement)
    db.close()
  }
