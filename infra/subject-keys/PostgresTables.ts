import { Effect } from "effect"
import type { SqlClient } from "effect/sql"

/**
 * A table that was restored without its primary key takes a second key for a subject, and what was sealed under it is
 * then found by nobody. The key that counts stays, the others are kept where they are found by their version.
 */
const mend = (sql: SqlClient.SqlClient) =>
  Effect.gen(function* () {
    yield* sql`LOCK TABLE subject_keys IN ACCESS EXCLUSIVE MODE`
    yield* sql`WITH ranked AS (
        SELECT ctid AS place, row_number() OVER (PARTITION BY tenant, subject ORDER BY version) AS place_in_line
        FROM subject_keys),
      moved AS (
        DELETE FROM subject_keys USING ranked WHERE subject_keys.ctid = place AND place_in_line > 1
        RETURNING tenant, subject, version, wrapped)
      INSERT INTO older_subject_keys SELECT DISTINCT ON (tenant, subject, version) * FROM moved
      ON CONFLICT (tenant, subject, version) DO NOTHING`
    yield* sql`ALTER TABLE subject_keys ADD PRIMARY KEY (tenant, subject)`
    yield* Effect.logWarning(
      "the table subject_keys had no primary key: it has one again, and no key of it is lost. Restore such tables from a dump of their own"
    )
  })

/** Creates what is not there, and mends what was restored in part. In one transaction, by one process at a time. */
export const setUp = (sql: SqlClient.SqlClient) =>
  Effect.gen(function* () {
    yield* sql`CREATE TABLE IF NOT EXISTS subject_keys (
      tenant TEXT NOT NULL, subject TEXT NOT NULL, version TEXT NOT NULL, wrapped BYTEA NOT NULL,
      PRIMARY KEY (tenant, subject))`
    yield* sql`CREATE TABLE IF NOT EXISTS older_subject_keys (
      tenant TEXT NOT NULL, subject TEXT NOT NULL, version TEXT NOT NULL, wrapped BYTEA NOT NULL,
      PRIMARY KEY (tenant, subject, version))`
    yield* sql`CREATE TABLE IF NOT EXISTS destroyed_subject_keys (
      tenant TEXT NOT NULL, subject TEXT NOT NULL, version TEXT NOT NULL, PRIMARY KEY (tenant, subject, version))`
    yield* sql`CREATE TABLE IF NOT EXISTS subject_keys_owner (id INTEGER PRIMARY KEY CHECK (id = 1), log TEXT NOT NULL)`
    const keyed = yield* sql`SELECT 1 FROM pg_index
      WHERE indrelid = 'subject_keys'::regclass AND indisunique AND indisvalid AND indpred IS NULL
        AND (SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute
          WHERE attrelid = indrelid AND attnum = ANY (indkey)) = ARRAY['subject', 'tenant']`
    if (keyed.length === 0) yield* mend(sql)
    // from a copy of before they were destroyed
    for (const table of ["subject_keys", "older_subject_keys"]) {
      yield* sql`DELETE FROM ${sql(table)} USING destroyed_subject_keys AS gone
        WHERE ${sql(table)}.tenant = gone.tenant AND ${sql(table)}.subject = gone.subject
          AND ${sql(table)}.version = gone.version`
    }
  })
