import { Array, Effect, Fiber, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { type Claim, RateLimits, type Standing } from "#domain/ports/RateLimits.ts"
import { creating } from "#infra/postgres/Schema.ts"
import { together } from "#infra/postgres/Together.ts"
import { allowedStanding, Buckets, epsilonMillis, standingOf } from "./Buckets.ts"

/** A request does not wait longer to be counted. */
const patience = "500 millis"
/** Nobody asks for this long after a failure. */
const restMillis = 1_000

/** The database's clock is the one clock of all processes. Rows are milliseconds since 1970 at which a bucket is full. */
const createTable = (sql: SqlClient.SqlClient) =>
  Effect.andThen(
    // unlogged: counts need not outlive a crash, and no commit waits for a disk
    sql`CREATE UNLOGGED TABLE IF NOT EXISTS rate_limits (bucket TEXT PRIMARY KEY, full_at DOUBLE PRECISION NOT NULL)
      WITH (fillfactor = 50)`,
    sql`CREATE OR REPLACE FUNCTION take_from_rate_limits(requests JSONB)
      RETURNS TABLE (taken INTEGER, missing DOUBLE PRECISION) LANGUAGE plpgsql AS $$
      DECLARE
        request JSONB;
        claim JSONB;
        cost DOUBLE PRECISION;
        moment DOUBLE PRECISION;
      BEGIN
        -- in one order, whoever asks: nobody waits for a row of somebody who waits for one of theirs
        INSERT INTO rate_limits AS r (bucket, full_at)
          SELECT DISTINCT c ->> 'bucket', 0 FROM jsonb_array_elements(requests) AS q, jsonb_array_elements(q -> 'claims') AS c
            ORDER BY 1
          ON CONFLICT (bucket) DO UPDATE SET full_at = r.full_at;
        moment := extract(epoch FROM clock_timestamp()) * 1000; -- read when the rows are locked
        FOR request IN SELECT * FROM jsonb_array_elements(requests) LOOP
          taken := request ->> 'times';
          FOR claim IN SELECT * FROM jsonb_array_elements(request -> 'claims') LOOP
            cost := claim ->> 'cost';
            SELECT GREATEST(full_at - moment, 0) INTO missing FROM rate_limits WHERE bucket = claim ->> 'bucket';
            taken := LEAST(taken, GREATEST(FLOOR(((claim ->> 'most')::DOUBLE PRECISION - missing) / cost), 0));
            UPDATE rate_limits SET full_at = moment + missing + taken * cost
              WHERE taken > 0 AND bucket = claim ->> 'bucket';
            RETURN NEXT;
          END LOOP;
        END LOOP;
      END $$`
  )

type Claims = Array.NonEmptyReadonlyArray<Claim>

/** Of a claim that several make alike: how many of them may have it, and what was missing before the first. */
interface Row {
  readonly taken: number
  readonly missing: number
}

const costOf = ({ amount, policy: { quota, windowMillis } }: Claim) => (amount * windowMillis) / quota

/** Of one that comes after `before` others like it. */
const standingsOf = (claims: Claims, rows: ReadonlyArray<Row>, before: number): ReadonlyArray<Standing> => {
  const standings: globalThis.Array<Standing> = []
  for (const [i, claim] of claims.entries()) {
    const { missing, taken } = rows[i]!
    const after = missing + (Math.min(before, taken - 1) + 1) * costOf(claim)
    if (before < taken) standings.push(allowedStanding(claim.policy, after))
    else return [...standings, { ...standingOf(claim, after), allowed: false }]
  }
  return standings
}

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* creating(sql, createTable(sql))
  const known = new Buckets()
  const own = new Buckets()
  let restUntil = 0

  /** One statement for all requests. Those that are alike are one line of it. */
  const ask = (requests: Array.NonEmptyReadonlyArray<Claims>) => {
    const alike = [...Map.groupBy(requests.keys(), (i) => JSON.stringify(requests[i])).values()]
    const written = alike.map((places) => ({
      times: places.length,
      claims: requests[places[0]!]!.map((claim) => ({
        bucket: claim.bucket,
        cost: costOf(claim),
        most: claim.policy.windowMillis + epsilonMillis
      }))
    }))
    return Effect.map(sql<Row>`SELECT * FROM take_from_rate_limits(${JSON.stringify(written)}::jsonb)`, (rows) => {
      const answers: globalThis.Array<ReadonlyArray<Standing>> = []
      let first = 0
      for (const places of alike) {
        const claims = requests[places[0]!]!
        const found = rows.slice(first, first + claims.length)
        first += claims.length
        for (const [before, place] of places.entries()) {
          const standings = standingsOf(claims, found, before)
          answers[place] = standings
          for (const [i, { allowed }] of standings.entries()) if (allowed) known.take(claims[i]!, performance.now())
        }
      }
      return answers
    })
  }

  const takeAlone = (claims: Claims): ReadonlyArray<Standing> => {
    const now = performance.now()
    const standings: globalThis.Array<Standing> = []
    for (const claim of claims) {
      const standing = known.take(claim, now)
      standings.push(standing)
      if (!standing.allowed) break
    }
    return standings
  }

  const askOrTakeAlone = yield* together((requests: Array.NonEmptyReadonlyArray<Claims>) =>
    performance.now() < restUntil
      ? Effect.sync(() => requests.map(takeAlone))
      : Effect.forkDetach(ask(requests), { startImmediately: true }).pipe(
          Effect.flatMap(Fiber.join), // not interrupted with it: a frozen server does not say that it cancelled, either
          Effect.timeout(patience),
          Effect.catch((cause) => {
            restUntil = performance.now() + restMillis
            const told = Effect.logWarning("rate limits are counted by each process alone", cause)
            return Effect.as(told, requests.map(takeAlone))
          })
        )
  )

  // what this process used up by itself is used up: a flood does not reach the database
  const take = (claims: Claims): Effect.Effect<ReadonlyArray<Standing>> =>
    Effect.suspend(() => {
      const now = performance.now()
      const refused = claims.findIndex((claim) => !known.look(claim, now).allowed)
      if (refused < 0) return askOrTakeAlone(claims)
      const standing = known.take(claims[refused]!, now)
      const before = claims.slice(0, refused)
      if (!Array.isReadonlyArrayNonEmpty(before)) return Effect.succeed([standing])
      return Effect.map(askOrTakeAlone(before), (standings) =>
        standings.every(({ allowed }) => allowed) ? [...standings, standing] : standings
      )
    })

  const forget = sql`DELETE FROM rate_limits WHERE full_at < extract(epoch FROM clock_timestamp()) * 1000`
  yield* Effect.forkScoped(Effect.repeat(Effect.ignore(forget), Schedule.spaced("1 minute")))

  return RateLimits.of({
    take,
    look: (claim) => known.look(claim, performance.now()),
    takeHere: (claim) => own.take(claim, performance.now())
  })
})

/**
 * Buckets that several processes share. While the database does not answer, each process counts by itself, with what it
 * took before: together they allow the quota once for each of them, and no caller is turned away for the outage.
 */
export const layer = Layer.effect(RateLimits, make)
