import type { DatabaseSync } from "node:sqlite"

const table = `
  CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL,
    stream TEXT NOT NULL,
    origin INTEGER, -- position of the stream's first event; none in that one itself
    revision INTEGER NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    metadata TEXT NOT NULL,
    recorded_at TEXT NOT NULL
  ) STRICT;`

/**
 * Streams are named at random, so an index over all events by stream would have every event write a page of its own. Only
 * the first of a stream stands in one; the others are found by where it stands, which for a young stream is near the end.
 */
const indexes = `
  CREATE UNIQUE INDEX IF NOT EXISTS streams ON events (stream) WHERE revision = 0;
  CREATE UNIQUE INDEX IF NOT EXISTS revisions ON events (origin, revision) WHERE revision > 0;`

/** A log that was begun without origins is written anew, every event at its position. */
const upgrade = `
  ALTER TABLE events RENAME TO events_without_origin;
  ${table}
  INSERT INTO events
    SELECT position, event_id, stream, NULLIF(first_value(position) OVER (PARTITION BY stream ORDER BY revision), position),
      revision, type, data, metadata, recorded_at
    FROM events_without_origin ORDER BY position;
  DROP TABLE events_without_origin;`

/** Creates what is not there yet. */
export const setUp = (db: DatabaseSync): void => {
  db.exec("BEGIN IMMEDIATE")
  db.exec(table)
  const columns = db.prepare("SELECT name FROM pragma_table_info('events')").all()
  if (!columns.some(({ name }) => name === "origin")) db.exec(upgrade)
  db.exec(`${indexes} COMMIT`)
}
