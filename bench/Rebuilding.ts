import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect } from "effect"
import { longLog } from "./LongLog.ts"
import { median } from "./Processes.ts"

const root = join(import.meta.dirname, "..")
const together = 2_000

/** The least that has to be done: every event read, parsed, and written in batches into a table with one index. */
const floor = (log: string, into: string) => {
  const [from, to] = [new DatabaseSync(log, { readOnly: true }), new DatabaseSync(into)]
  to.exec(`PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;
    CREATE TABLE copies (position INTEGER PRIMARY KEY, stream TEXT, type TEXT, at TEXT, data TEXT);
    CREATE INDEX by_stream ON copies (stream)`)
  const read = from.prepare("SELECT * FROM events WHERE position > ? ORDER BY position LIMIT ?")
  const write = to.prepare("INSERT INTO copies VALUES (?, ?, ?, ?, ?)")
  const begun = performance.now()
  let events = 0
  for (let after = 0; ; ) {
    const rows = read.all(after, together) as Array<Record<string, string | number>>
    if (rows.length === 0) break
    to.exec("BEGIN")
    for (const { data, metadata, position, stream, type } of rows) {
      const { occurredAt } = JSON.parse(metadata as string) as { readonly occurredAt: string }
      write.run(position!, stream!, type!, occurredAt, JSON.stringify(JSON.parse(data as string)))
    }
    to.exec("COMMIT")
    events += rows.length
    after = rows.at(-1)!.position as number
  }
  const perSecond = events / ((performance.now() - begun) / 1_000)
  for (const db of [from, to]) db.close()
  return perSecond
}

const replay = (folder: string, ...args: ReadonlyArray<string>) =>
  JSON.parse(
    execFileSync(process.execPath, [join(root, "services/cli/homing.ts"), "replay", ...args, "--json"], {
      env: { PATH: process.env.PATH, DATA_DIR: folder },
      encoding: "utf8"
    })
  )

/** All views made anew from a log of so many messages, beside a bare copy of its events, in alternated rounds. */
export const measure = async (rounds: number, messages: number, note: (line: string) => void) => {
  const folder = mkdtempSync(join(tmpdir(), "homing-bench-replay-"))
  try {
    await Effect.runPromise(longLog(folder, messages))
    const ratios: Array<number> = []
    const rates: Array<number> = []
    const floors: Array<number> = []
    for (let round = 1; round <= rounds; round++) {
      const [copy, into] = [join(folder, `floor-${round}.db`), join(folder, `rebuilt-${round}.db`)]
      const bare = floor(join(folder, "log.db"), copy)
      const { events, perSecond } = replay(folder, "rebuild", "--into", into) as { events: number; perSecond: number }
      note(`round ${round}: ${events} events, ${perSecond} of ${bare.toFixed(0)} a second`)
      floors.push(bare)
      rates.push(perSecond)
      ratios.push(perSecond / bare)
      for (const file of [copy, into]) rmSync(file)
    }
    return { messages, perSecond: median(rates), floorPerSecond: median(floors), ratio: median(ratios) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
