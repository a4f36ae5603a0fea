import { Array, Effect, Fiber, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { type Claim, RateLimits, type Standing } from "#domain/ports/RateLimits.ts"
import { creating } from "#infra/postgres/Schema.ts"
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
    sql`CREATE OR REPLACE FUNCTION take_rate_limits(claims JSONB)
      RETURNS TABLE (allowed BOOLEAN, missing DOUBLE PRECISION) LANGUAGE plpgsql AS $$
      DECLARE
        claim JSONB;
        cost DOUBLE PRECISION;
        moment DOUBLE PRECISION;
      BEGIN
        FOR claim IN SELECT * FROM jsonb_array_elements(claims) LOOP
          cost := claim ->> 'cost';
          INSERT INTO rate_limits AS r (bucket, full_at) VALUES (claim ->> 'bucket', 0)
            ON CONFLICT (bucket) DO UPDATE SET full_at = r.full_at RETURNING full_at INTO missing;
          moment := extract(epoch FROM clock_timestamp()) * 1000; -- read when the row is locked
          missing := GREATEST(missing - moment, 0);
          allowed := missing + cost <= (claim ->> 'most')::DOUBLE PRECISION;
          IF allowed THEN
            missing := missing + cost;
            UPDATE rate_limits SET full_at = moment + missing WHERE bucket = claim ->> 'bucket';
          END IF;
          RETURN NEXT;
          EXIT WHEN NOT allowed;
        END LOOP;
      END $$`
  )

interface Row {
  readonly allowed: boolean
  readonly missing: number
}

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* creating(sql, createTable(sql))
  const known = new Buckets()
  const own = new Buckets()
  let restUntil = 0

  /** One statement for all claims. */
  const ask = (claims: Array.NonEmptyReadonlyArray<Claim>) => {
    const written = claims.map(({ amount, bucket, policy: { quota, windowMillis } }) => ({
      bucket,
      cost: (amount * windowMillis) / quota,
      most: windowMillis + epsilonMillis
    }))
    return Effect.map(sql<Row>`SELECT * FROM take_rate_limits(${JSON.stringify(written)}::jsonb)`, (rows) =>
      rows.map(({ allowed, missing }, i) => {
        const claim = claims[i]!
        if (!allowed) return standingOf(claim, missing)
        known.take(claim, performance.now())
        return allowedStanding(claim.policy, missing)
      })
    )
  }

  const takeAlone = (claims: ReadonlyArray<Claim>): ReadonlyArray<Standing> => {
    const now = performance.now()
    const standings: globalThis.Array<Standing> = []
    for (const claim of claims) {
      const standing = known.take(claim, now)
      standings.push(standing)
      if (!standing.allowed) break
    }
    return standings
  }

  const askOrTakeAlone = (claims: Array.NonEmptyReadonlyArray<Claim>) =>
    performance.now() < restUntil
      ? Effect.sync(() => takeAlone(claims))
      : Effect.forkDetach(ask(claims), { startImmediately: true }).pipe(
          Effect.flatMap(Fiber.join), // not interrupted with it: a frozen server does not say that it cancelled, either
          Effect.timeout(patience),
          Effect.catch((cause) => {
            const first = performance.now() >= restUntil
            restUntil = performance.now() + restMillis
            const told = first ? Effect.logWarning("rate limits are counted by each process alone", cause) : Effect.void
            return Effect.as(told, takeAlone(claims))
          })
        )

  // what this process used up by itself is used up: a flood does not reach the database
  const take = (claims: Array.NonEmptyReadonlyArray<Claim>): Effect.Effect<ReadonlyArray<Standing>> =>
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
