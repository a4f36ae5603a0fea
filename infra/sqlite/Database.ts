import { DatabaseSync } from "node:sqlite"
import { Effect, Schema } from "effect"

/**
 * `commit`: what is committed survives a power cut. `checkpoint`: it survives the end of the process; after a power cut
 * the newest commits may be missing, never torn. Enough for what can be built again.
 */
export type Durability = "commit" | "checkpoint"

export class DatabaseNotOpened extends Schema.TaggedError<DatabaseNotOpened>()("DatabaseNotOpened", {
  file: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return `the database ${this.file} cannot be opened: ${this.cause instanceof Error ? this.cause.message : "unknown"}`
  }
}

/**
 * A connection to `file` (":memory:" for none) that closes with the scope; `schema` is run first. node:sqlite is
 * synchronous: a second connection to the same file in one process would stop the event loop whenever it has to wait
 * for the first.
 */
export const open = (file: string, options: { readonly durability: Durability; readonly schema?: string }) =>
  Effect.acquireRelease(
    Effect.try({ try: () => connect(file, options), catch: (cause) => new DatabaseNotOpened({ file, cause }) }),
    (db) => Effect.sync(() => db.close())
  )

const busyTimeoutMillis = 5_000
/** In pages, four times the default: most pages are written more than once before they are copied into the file. */
const longLog = 4_000

/** The same, for whoever closes it. */
export const connect = (file: string, { durability, schema }: Parameters<typeof open>[1]): DatabaseSync => {
  const db = new DatabaseSync(file, { timeout: busyTimeoutMillis })
  db.exec(`
    PRAGMA journal_mode = WAL;
    ${durability === "commit" ? "PRAGMA synchronous = FULL" : `PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${longLog}`};
    PRAGMA cache_size = -1000; -- KiB, half the default: one process has five files open, and the system's cache is behind
    PRAGMA temp_store = MEMORY; -- what undoes one statement of a transaction is a file otherwise
    PRAGMA fullfsync = ON; -- heard on macOS only, where fsync alone leaves the data in the drive's cache
  `)
  if (schema !== undefined) db.exec(schema)
  return db
}
