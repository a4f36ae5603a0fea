import type { DatabaseSync } from "node:sqlite"
import { inTransaction } from "../../sqlite/Transaction.ts"

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
    recorded_at TEXT NOT NULL,
    evidence BLOB, -- the data's member of this name; none, or in the data, in rows of before
    CHECK ((origin IS NULL) = (revision = 0)) -- an older release, which knows no origin, fails instead of losing events
  ) STRICT;`

/**
 * Streams are named at random, so an index over all events by stream would have every event write a page of its own. Only
 * the first of a stream stands in one; the others are found by where it stands, which for a young stream is near the end.
 * What is not about messages is found without looking at them: who may call, and which devices there are.
 */
const indexes = `
  CREATE UNIQUE INDEX IF NOT EXISTS streams ON events (stream) WHERE revision = 0;
  CREATE UNIQUE INDEX IF NOT EXISTS revisions ON events (origin, revision) WHERE revision > 0;
  CREATE INDEX IF NOT EXISTS others ON events (position) WHERE substr(stream, 1, 8) <> 'message-';`

/** A log that was begun without origins is written anew, every event at its position, one after the other. */
const upgrade = `
  ALTER TABLE events RENAME TO events_without_origin;
  ${table}
  INSERT INTO events (position, event_id, stream, origin, revision, type, data, metadata, recorded_at)
    SELECT position, event_id, stream,
      (SELECT NULLIF(first.position, event.position) FROM events_without_origin AS first
        WHERE first.stream = event.stream AND first.revision = 0),
      revision, type, data, metadata, recorded_at
    FROM events_without_origin AS event ORDER BY position;
  DROP TABLE events_without_origin;`

/** Creates what is not there yet. */
export const setUp = (db: DatabaseSync): void =>
  inTransaction(db, () => {
    db.exec(table)
    const columns = db.prepare("SELECT name FROM pragma_table_info('events')").all()
    if (!columns.some(({ name }) => name === "origin")) db.exec(upgrade)
    else if (!columns.some(({ name }) => name === "evidence")) db.exec("ALTER TABLE events ADD COLUMN evidence BLOB")
    db.exec(indexes)
  })
