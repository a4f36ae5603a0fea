import { cpSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect } from "effect"
import type { Double } from "#infra/event-store/double/testing/DoubleFixture.ts"

/** Moments of the stand-in's log: kept in a folder each, and put in its place again. It is dead meanwhile. */
export const keptLog = (cwd: string, server: Double) => {
  const whileDead = (work: () => void) =>
    server.kill.pipe(Effect.andThen(Effect.sync(work)), Effect.andThen(server.restart))
  const keep = (as: string) => cpSync(server.directory, join(cwd, as), { recursive: true })
  const putBack = (as: string) => {
    for (const file of readdirSync(server.directory)) rmSync(join(server.directory, file))
    cpSync(join(cwd, as), server.directory, { recursive: true })
  }
  return {
    /** The database that holds its events. */
    live: join(server.directory, "double.db"),
    /** How far one event may be from the next. */
    step: 1_000,
    keep: (as: string) => whileDead(() => keep(as)),
    putBack: (as: string) => whileDead(() => putBack(as)),
    /** Puts one back, and keeps what was there until then. */
    exchange: (as: string, by: string) =>
      whileDead(() => {
        keep(as)
        putBack(by)
      })
  }
}

export const headOf = (path: string) => {
  const log = new DatabaseSync(path, { readOnly: true })
  const { head } = log.prepare("SELECT MAX(position) AS head FROM events").get()!
  log.close()
  return head as number
}

/** A hundred devices that nobody has made. */
export const grow = (path: string, step: number) => {
  const log = new DatabaseSync(path)
  log.exec(`CREATE TEMP TABLE more AS SELECT * FROM events WHERE stream LIKE 'device-%' AND revision = 0 LIMIT 1;
    UPDATE more SET position = (SELECT MAX(position) FROM events)`)
  const next = log.prepare("UPDATE more SET position = position + ?, event_id = ?, stream = ?")
  for (let i = 0; i < 100; i++) {
    next.run(step, crypto.randomUUID(), `device-${crypto.randomUUID()}`)
    log.exec("INSERT INTO events SELECT * FROM more")
  }
  log.close()
}
