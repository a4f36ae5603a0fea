import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"

/** Rows that are durable when the promise resolves; those that come in one turn of the event loop share a commit. */
export const openTable = (folder: string, name: string) => {
  const db = new DatabaseSync(join(folder, name))
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
  db.exec("CREATE TABLE IF NOT EXISTS rows (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, data TEXT NOT NULL)")
  const insert = db.prepare("INSERT INTO rows (id, data) VALUES (?, ?)")
  const begin = db.prepare("BEGIN IMMEDIATE")
  const commit = db.prepare("COMMIT")
  let queue: Array<{ readonly id: string; readonly data: string; readonly done: () => void }> = []
  const flush = () => {
    const batch = queue
    queue = []
    begin.run()
    for (const { data, id } of batch) insert.run(id, data)
    commit.run()
    for (const { done } of batch) done()
  }
  return (id: string, data: string) =>
    new Promise<void>((done) => {
      if (queue.push({ id, data, done }) === 1) setImmediate(flush)
    })
}

/** What the product's rows hold: the event and its metadata, the ledger's entry, the signed report. */
export const rowBytes = { queued: 1_100, attempting: 600, sent: 1_280 }
export const filled = (data: string, bytes: number) => data.padEnd(bytes, " ")
