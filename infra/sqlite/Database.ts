import { closeSync, existsSync, openSync, renameSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { Clock, Effect, Schema } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import { Damaged, refuseDamaged, refuseDamagedPages } from "./Integrity.ts"
import { refuseOtherShape } from "./Shape.ts"

/**
 * `commit`: what is committed survives a power cut. `checkpoint`: it survives the end of the process; after a power cut
 * the newest commits may be missing, never torn. Enough for what can be built again.
 */
export type Durability = "commit" | "checkpoint"

export interface Options {
  readonly durability: Durability
  /** Is run first, and again whenever the file is opened. What it makes is what the file has to hold. */
  readonly schema?: string | ((db: DatabaseSync) => void)
  /** What is damaged is set aside and made anew: what is in it can be built again, or missed. */
  readonly expendable?: boolean
}

export class DatabaseNotOpened extends Schema.TaggedError<DatabaseNotOpened>()("DatabaseNotOpened", {
  file: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    const problem = this.cause instanceof Error ? this.cause.message : "unknown"
    const way = isDamage(this) ? whatToDo : ways[codeOf(this.cause)]
    return `the database ${this.file} cannot be opened: ${problem}${way === undefined ? "" : `. ${way}`}`
  }
}

/**
 * A connection to `file` (":memory:" for none) that closes with the scope, and what `make` makes of it. node:sqlite is
 * synchronous: a second connection to the same file in one process would stop the event loop whenever it has to wait for
 * the first.
 */
export const openWith = <A>(file: string, options: Options, make: (db: DatabaseSync) => A) => {
  const begun = Effect.try({
    try: () => {
      const db = connect(file, options)
      try {
        return { db, tables: make(db) }
      } catch (cause) {
        db.close()
        throw cause
      }
    },
    catch: (cause) => new DatabaseNotOpened({ file, cause })
  })
  return Effect.acquireRelease(
    options.expendable && file !== memory
      ? Effect.catchIf(begun, isDamage, (problem) => Effect.andThen(setAside(file, problem), begun))
      : begun,
    ({ db }) => Effect.sync(() => db.close())
  )
}

export const open = (file: string, options: Options) =>
  Effect.map(
    openWith(file, options, () => {}),
    ({ db }) => db
  )

/** Whatever its size, and whatever is in it. */
export const readThrough = (file: string) =>
  Effect.flatMap(open(file, { durability: "commit" }), (db) =>
    Effect.try({ try: () => refuseDamagedPages(db), catch: (cause) => new DatabaseNotOpened({ file, cause }) })
  )

const memory = ":memory:"
const busyTimeoutMillis = 5_000
/** In pages, four times the default: most pages are written more than once before they are copied into the file. */
const longLog = 4_000

/** The same, for whoever closes it. */
export const connect = (file: string, { durability, schema }: Options): DatabaseSync => {
  if (file !== memory) closeSync(openSync(file, "a", 0o600)) // SQLite would let the umask decide
  const db = new DatabaseSync(file, { timeout: busyTimeoutMillis })
  try {
    db.exec(`
      PRAGMA journal_mode = WAL;
      ${durability === "commit" ? "PRAGMA synchronous = FULL" : `PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${longLog}`};
      PRAGMA cache_size = -1000; -- KiB, half the default: one process has five files open, and the system's cache is behind
      PRAGMA temp_store = MEMORY; -- what undoes one statement of a transaction is a file otherwise
      PRAGMA fullfsync = ON; -- heard on macOS only, where fsync alone leaves the data in the drive's cache
    `)
    if (file !== memory) refuseDamaged(db, file)
    if (schema !== undefined) {
      run(db, schema)
      if (file !== memory) refuseOtherShape(db, (pristine) => run(pristine, schema))
    }
    return db
  } catch (cause) {
    db.close()
    throw cause
  }
}

const run = (db: DatabaseSync, schema: NonNullable<Options["schema"]>) =>
  typeof schema === "string" ? db.exec(schema) : schema(db)

const whatToDo = "Restore it from a backup, with all other files of the same moment"
/** SQLite's codes of a file that is not whole, and of one that is none of its own. */
const damage: ReadonlySet<number> = new Set([11, 26])
const codeOf = (cause: unknown) => ((cause as { readonly errcode?: number }).errcode ?? 0) % 256
const isDamage = ({ cause }: Pick<DatabaseNotOpened, "cause">) => cause instanceof Damaged || damage.has(codeOf(cause))

const allow = "See that this user may read and write it and its folder"
/** What to do about SQLite's other codes; what is not SQLite's says it itself. */
const ways: Readonly<Record<number, string>> = {
  5: "Another program holds it: end that one",
  8: allow,
  10: "See whether its disk is sound; restore it from a backup if it is not",
  13: "Make room on its disk",
  14: allow
}

const setAside = Effect.fnUntraced(function* (file: string, problem: DatabaseNotOpened) {
  const aside = `.damaged-${fromMillis(yield* Clock.currentTimeMillis).replaceAll(/[:.]/g, "-")}`
  for (const end of ["", "-wal", "-shm"]) {
    if (existsSync(`${file}${end}`)) renameSync(`${file}${end}`, `${file}${aside}${end}`)
  }
  yield* Effect.logWarning("a damaged database is set aside and made anew", { file, aside: `${file}${aside}` }, problem)
})
