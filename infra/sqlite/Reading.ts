import { closeSync, openSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import canonicalize from "canonicalize"
import { Effect, Layer } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import { SqlClient } from "effect/sql"
import { DatabaseNotOpened } from "./Database.ts"
import { clientOf } from "./SqliteClient.ts"

const busyTimeoutMillis = 5_000

/** A connection through which SQLite itself writes nothing, beside whoever does. The file has to be there. */
export const open = (file: string) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => new DatabaseSync(file, { readOnly: true, timeout: busyTimeoutMillis }),
      catch: (cause) => new DatabaseNotOpened({ file, cause })
    }),
    (db) => Effect.sync(() => db.close())
  )

/** effect/sql over such a connection. */
export const client = (file: string) =>
  Layer.effect(SqlClient.SqlClient, Effect.flatMap(open(file), clientOf("BEGIN"))).pipe(Layer.provide(Reactivity.layer))

/**
 * A file for what this process makes itself: a new one, for it fails where there is one already. Its transactions begin as
 * readers, so that one may read a file that is attached for that alone.
 */
export const own = (file: string) =>
  Layer.effect(
    SqlClient.SqlClient,
    Effect.flatMap(
      Effect.acquireRelease(
        Effect.try({
          try: () => {
            closeSync(openSync(file, "wx", 0o600))
            const db = new DatabaseSync(pathToFileURL(file))
            db.function(
              "canonical_json",
              { deterministic: true },
              (text) => canonicalize(JSON.parse(String(text))) ?? null
            )
            db.exec("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536")
            return db
          },
          catch: (cause) => new DatabaseNotOpened({ file, cause })
        }),
        (db) => Effect.sync(() => db.close())
      ),
      clientOf("BEGIN")
    )
  ).pipe(Layer.provide(Reactivity.layer))
