import type { Table } from "./Tables.ts"

/** Tables that say how far somebody has come in the log. Besides their owners every start reads them, before all others. */

/** Of each partition the last event whose command is in the bus's custody. */
export const dispatcher: Table = {
  name: "dispatcher",
  create: (sql) => sql`CREATE TABLE dispatcher (id INTEGER PRIMARY KEY, position TEXT NOT NULL)`
}

/** The last event whose deliveries stand in their table. */
export const deliverer: Table = {
  name: "deliverer",
  create: (sql) => sql`CREATE TABLE deliverer (id INTEGER PRIMARY KEY, position TEXT NOT NULL)`
}

/** Of each view, in its version, the last event that its rows hold; where these decide something, a seal over both. */
export const checkpoints: Table = {
  name: "checkpoints",
  create: (sql) =>
    sql`CREATE TABLE checkpoints (view_name TEXT PRIMARY KEY, view_version INTEGER NOT NULL, position TEXT)`,
  migrations: [(sql) => sql`ALTER TABLE checkpoints ADD COLUMN seal TEXT`]
}
