import { Array, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { open, type Table } from "../tables/Tables.ts"
import type { DestinationId } from "./Destination.ts"

/**
 * How many deliveries wait for an endpoint. `excused`: so many of them were there when it was enabled, and are no reason to
 * tell it nothing more.
 */
const backlogs: Table = {
  name: "endpoint_backlogs",
  create: (sql) => sql`CREATE TABLE endpoint_backlogs (
    endpoint TEXT PRIMARY KEY, pending BIGINT NOT NULL, excused BIGINT NOT NULL)`
}

/** Since when nothing arrives at an endpoint. */
const failures: Table = {
  name: "endpoint_failures",
  create: (sql) => sql`CREATE TABLE endpoint_failures (endpoint TEXT PRIMARY KEY, since BIGINT NOT NULL)`
}

type Endpoints = ReadonlyArray<DestinationId>
const counted = (endpoints: Endpoints) =>
  Map.groupBy(endpoints, (endpoint) => endpoint)
    .entries()
    .map(([endpoint, some]) => ({ endpoint, pending: some.length }))
    .toArray()

/** How endpoints stand. Kept beside their deliveries, by whoever writes these and in the same transaction. */
export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  for (const table of [backlogs, failures]) yield* open(sql, table)

  return {
    /** One more waits for each of these, each time that it is named. */
    added: Effect.fnUntraced(function* (endpoints: Endpoints) {
      const counts = counted(endpoints)
      if (!Array.isReadonlyArrayNonEmpty(counts)) return
      const rows = Array.map(counts, (row) => ({ ...row, excused: 0 }))
      yield* sql`INSERT INTO endpoint_backlogs ${sql.insert(rows)}
        ON CONFLICT (endpoint) DO UPDATE SET pending = endpoint_backlogs.pending + excluded.pending`
    }),

    /** One less. */
    taken: Effect.fnUntraced(function* (endpoints: Endpoints) {
      const rows = counted(endpoints).map(({ endpoint, pending }) => sql`(${endpoint}, ${String(pending)})`)
      if (rows.length === 0) return
      yield* sql`UPDATE endpoint_backlogs SET pending = pending - CAST(v.column2 AS BIGINT)
        FROM (VALUES ${sql.csv(rows)}) AS v WHERE endpoint_backlogs.endpoint = v.column1`
    }),

    /** From the deliveries themselves. What a release before this one left is excused. */
    recount: Effect.andThen(
      sql`UPDATE endpoint_backlogs SET pending = 0`,
      sql`INSERT INTO endpoint_backlogs (endpoint, pending, excused)
        SELECT endpoint, COUNT(*), COUNT(*) FROM deliveries WHERE status = 'pending' GROUP BY endpoint
        ON CONFLICT (endpoint) DO UPDATE SET pending = excluded.pending`
    ),

    /**
     * Of these, which are all that are enabled, those for which more than so many wait. What was there when one was enabled
     * does not count as long as it is there: otherwise it could never be delivered.
     */
    overflowing: Effect.fnUntraced(function* (enabled: Endpoints, most: number) {
      yield* sql`UPDATE endpoint_backlogs SET excused = pending
        WHERE excused <> pending AND (excused > pending OR NOT ${sql.in("endpoint", enabled)})`
      const rows = yield* sql<{ readonly endpoint: DestinationId }>`SELECT endpoint FROM endpoint_backlogs
        WHERE pending > excused + ${most} AND ${sql.in("endpoint", enabled)}`
      return rows.map(({ endpoint }) => endpoint)
    }),
    /** It is enabled no more, and may be again before anybody looks. */
    excuse: (endpoint: DestinationId) =>
      sql`UPDATE endpoint_backlogs SET excused = pending WHERE endpoint = ${endpoint}`,

    /** How many wait for each, if any do, and when the oldest of what they tell was recorded. */
    all: Effect.map(
      sql<{ readonly endpoint: DestinationId; readonly pending: string; readonly oldest: string | null }>`
        SELECT endpoint, CAST(pending AS TEXT) AS pending, CAST((SELECT MIN(d.recorded) FROM deliveries AS d
          WHERE d.endpoint = endpoint_backlogs.endpoint AND d.status = 'pending') AS TEXT) AS oldest
        FROM endpoint_backlogs WHERE pending > 0`,
      (rows) =>
        rows.flatMap(({ endpoint, oldest, pending }) =>
          oldest === null ? [] : { endpoint, pending: Number(pending), oldest: Number(oldest) }
        )
    ),

    /** Endpoints at which nothing arrives, and since when. */
    failing: Effect.map(
      sql<{ readonly endpoint: DestinationId; readonly since: string }>`
        SELECT endpoint, CAST(since AS TEXT) AS since FROM endpoint_failures`,
      (rows) => rows.map(({ endpoint, since }) => ({ endpoint, since: Number(since) }))
    ),

    /**
     * Nothing arrives at `failed` from now on, if nothing did before either; something has at `arrived`. Since later than now
     * was by a clock that was ahead: since now, then.
     */
    judge: Effect.fnUntraced(function* (
      arrived: ReadonlySet<DestinationId>,
      failed: ReadonlySet<DestinationId>,
      now: number
    ) {
      if (arrived.size > 0) yield* sql`DELETE FROM endpoint_failures WHERE ${sql.in("endpoint", [...arrived])}`
      if (failed.size === 0) return new Map<DestinationId, number>()
      const since = Array.map([...failed] as [DestinationId], (endpoint) => ({ endpoint, since: now }))
      yield* sql`INSERT INTO endpoint_failures ${sql.insert(since)}
        ON CONFLICT (endpoint) DO UPDATE SET since = excluded.since WHERE endpoint_failures.since > excluded.since`
      const rows = yield* sql<{ readonly endpoint: DestinationId; readonly since: string }>`
        SELECT endpoint, CAST(since AS TEXT) AS since FROM endpoint_failures WHERE ${sql.in("endpoint", [...failed])}`
      return new Map(rows.map(({ endpoint, since }) => [endpoint, Number(since)]))
    }),

    forget: (endpoint: DestinationId) =>
      Effect.andThen(
        sql`DELETE FROM endpoint_backlogs WHERE endpoint = ${endpoint}`,
        sql`DELETE FROM endpoint_failures WHERE endpoint = ${endpoint}`
      ),
    /** Of those that are not among these, and have no deliveries. */
    forgetOthers: (endpoints: Endpoints) =>
      Effect.andThen(
        sql`DELETE FROM endpoint_backlogs WHERE NOT ${sql.in("endpoint", endpoints)}
          AND NOT EXISTS (SELECT 1 FROM deliveries AS d WHERE d.endpoint = endpoint_backlogs.endpoint)`,
        sql`DELETE FROM endpoint_failures WHERE NOT ${sql.in("endpoint", endpoints)}
          AND NOT EXISTS (SELECT 1 FROM deliveries AS d WHERE d.endpoint = endpoint_failures.endpoint)`
      )
  }
})
