import type { DatabaseSync } from "node:sqlite"
import { Effect, Layer } from "effect"
import { type Refusal, RefusalLog, RefusalLogUnavailable } from "#domain/ports/RefusalLog.ts"
import * as Database from "#infra/sqlite/Database.ts"
import { inTransaction } from "#infra/sqlite/Transaction.ts"

export const mostKept = 10_000

const schema = `
  CREATE TABLE IF NOT EXISTS refusals (
    number INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    reason TEXT NOT NULL,
    digest TEXT NOT NULL
  ) STRICT`

const make = (db: DatabaseSync) => {
  const insert = db.prepare("INSERT INTO refusals (at, reason, digest) VALUES (?, ?, ?)")
  const forget = db.prepare("DELETE FROM refusals WHERE number <= (SELECT MAX(number) FROM refusals) - ?")
  const select = db.prepare("SELECT at, reason, digest FROM refusals ORDER BY number DESC LIMIT ?")
  const trying = <A>(act: () => A) => Effect.try({ try: act, catch: (cause) => new RefusalLogUnavailable({ cause }) })

  return RefusalLog.of({
    add: (refusals) =>
      trying(() =>
        inTransaction(db, () => {
          for (const { at, digest, reason } of refusals) insert.run(at, reason, digest)
          forget.run(mostKept)
        })
      ),
    latest: (limit) =>
      trying(() => (select.all(limit) as unknown as ReadonlyArray<Refusal>).map((row): Refusal => ({ ...row })))
  })
}

/** In one SQLite file. After a power cut the newest may be missing: they are for people to look at. */
export const layer = (file: string) =>
  Layer.effect(
    RefusalLog,
    Effect.map(
      Database.openWith(file, { durability: "checkpoint", schema, expendable: true }, make),
      ({ tables }) => tables
    )
  )
