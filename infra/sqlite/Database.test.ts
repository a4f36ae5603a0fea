import { join } from "node:path"
import type { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryDirectory } from "../testing/TemporaryDirectory.ts"
import * as Database from "./Database.ts"

describe("Database", () => {
  it.effect("syncs at every commit, or only at checkpoints", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryDirectory, "test.db")
      const db = yield* Database.open(file, { durability: "commit" })
      const pragma = (of: DatabaseSync, name: string) => Object.values(of.prepare(`PRAGMA ${name}`).get()!)[0]
      const view = yield* Database.open(`${file}-view`, { durability: "checkpoint" })
      assert.deepStrictEqual([pragma(db, "journal_mode"), pragma(view, "journal_mode")], ["wal", "wal"])
      assert.deepStrictEqual([pragma(db, "synchronous"), pragma(view, "synchronous")], [2, 1])
      assert.deepStrictEqual([pragma(db, "fullfsync"), pragma(db, "busy_timeout")], [1, 5_000])
    })
  )

  it.effect("names the file that cannot be opened", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Database.open("/nowhere/at/all.db", { durability: "commit" }))
      assert.strictEqual(error._tag, "DatabaseNotOpened")
      assert.strictEqual(error.file, "/nowhere/at/all.db")
    })
  )
})
