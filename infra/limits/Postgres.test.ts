import { assert, it } from "@effect/vitest"
import { Array, Context, Effect, Layer, Logger, type Redacted } from "effect"
import { type Claim, RateLimits } from "#domain/ports/RateLimits.ts"
import * as PostgresClient from "#infra/postgres/PostgresClient.ts"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import { rateLimitsContract } from "./contract.ts"
import * as PostgresLimits from "./Postgres.ts"

const database = Effect.flatMap(Postgres, (server) => server.database)
const layerOf = (url: Redacted.Redacted) =>
  Layer.fresh(PostgresLimits.layer).pipe(Layer.provide(Layer.fresh(PostgresClient.layer(url))))
/** A process of its own, as far as the database can tell. */
const open = (url: Redacted.Redacted) =>
  Effect.map(Layer.build(layerOf(url)), (context) => Context.get(context, RateLimits))

const warnings: globalThis.Array<unknown> = []
const listening = Logger.layer([Logger.make(({ message }) => warnings.push(message))])

const claim = (quota: number, windowMillis = 60_000): Claim => ({
  bucket: crypto.randomUUID(),
  policy: { quota, windowMillis },
  amount: 1
})
const allowedOf = (limits: RateLimits["Service"], wanted: Claim, times: number) =>
  Effect.all(
    Array.makeBy(times, () => limits.take([wanted])),
    { concurrency: "unbounded" }
  ).pipe(Effect.map((taken) => taken.filter(([standing]) => standing!.allowed).length))

describeWith("PostgreSQL", "RateLimits: PostgreSQL", () => {
  rateLimitsContract("PostgreSQL", Layer.unwrap(Effect.map(database, layerOf)).pipe(Layer.provide(Postgres.layer)))

  it.layer(Layer.merge(Postgres.layer, listening), { excludeTestServices: true })("side by side", (it) => {
    it.effect("processes allow the quota once between them", () =>
      Effect.gen(function* () {
        const url = yield* database
        const [here, there] = yield* Effect.all([open(url), open(url)], { concurrency: "unbounded" })
        const ten = claim(10)
        const allowed = yield* Effect.all([allowedOf(here, ten, 15), allowedOf(there, ten, 15)], {
          concurrency: "unbounded"
        })
        assert.strictEqual(allowed[0] + allowed[1], 10)
        assert.deepInclude((yield* here.take([ten]))[0], { allowed: false, remaining: 0 })
      })
    )

    it.effect("takes nothing from a second bucket for a claim on the first that another process used up", () =>
      Effect.gen(function* () {
        const url = yield* database
        const [here, there] = [yield* open(url), yield* open(url)]
        const [one, five] = [claim(1), claim(5)]
        yield* there.take([one])
        assert.deepStrictEqual(
          (yield* here.take([one, five])).map(({ allowed }) => allowed),
          [false]
        )
        assert.deepInclude((yield* here.take([five]))[0], { allowed: true, remaining: 4 })
      })
    )

    it.effect("processes that claim the same in another order do not wait for each other without end", () =>
      Effect.gen(function* () {
        const url = yield* database
        const [here, there] = [yield* open(url), yield* open(url)]
        const [one, other] = [claim(1_000, 86_400_000), claim(1_000, 86_400_000)]
        const rounds = Effect.forEach(Array.range(1, 40), () =>
          Effect.all([here.take([one, other]), there.take([other, one])], { concurrency: "unbounded" })
        )
        yield* rounds
        assert.deepInclude((yield* here.take([one]))[0], { remaining: 919 })
        assert.deepStrictEqual(warnings, [])
      })
    )

    it.effect("does not ask about what this process used up by itself", () =>
      Effect.gen(function* () {
        const url = yield* database
        const [limits, sql] = [yield* open(url), yield* clientOf(url)]
        const [one, five] = [claim(1), claim(5)]
        yield* limits.take([one, five])
        yield* sql`DROP TABLE rate_limits` // whoever asks now counts alone, and says so
        assert.deepStrictEqual(
          (yield* limits.take([one, five])).map(({ allowed }) => allowed),
          [false]
        )
        assert.deepStrictEqual(warnings, [])
        assert.deepInclude((yield* limits.take([five]))[0], { allowed: true, remaining: 3 })
        assert.lengthOf(warnings, 1)
      })
    )

    it.effect("counts by itself while the database is away, and with the others again afterwards", () =>
      Effect.gen(function* () {
        const url = yield* database
        const [here, there, sql] = [yield* open(url), yield* open(url), yield* clientOf(url)]
        const four = claim(4)
        yield* here.take([four])
        yield* sql`ALTER FUNCTION take_from_rate_limits RENAME TO away`
        assert.deepStrictEqual([yield* allowedOf(here, four, 9), yield* allowedOf(there, four, 9)], [3, 4])
        yield* sql`ALTER FUNCTION away RENAME TO take_from_rate_limits`
        const two = claim(2)
        const shared = Effect.gen(function* () {
          const wanted = claim(1)
          yield* here.take([wanted])
          return !(yield* there.take([wanted]))[0]!.allowed
        })
        yield* Effect.repeat(shared, { until: (so) => so })
        assert.strictEqual((yield* allowedOf(here, two, 2)) + (yield* allowedOf(there, two, 2)), 2)
      })
    )

    it.effect("forgets buckets that are full", () =>
      Effect.gen(function* () {
        const url = yield* database
        const sql = yield* clientOf(url)
        yield* open(url)
        yield* sql`INSERT INTO rate_limits VALUES ('old', 1)`
        const live = claim(1)
        yield* (yield* open(url)).take([live]) // a process that starts tidies up
        const left = sql<{ readonly bucket: string }>`SELECT bucket FROM rate_limits`
        const rows = yield* Effect.repeat(left, { until: (rows) => rows.every(({ bucket }) => bucket !== "old") })
        assert.deepInclude(rows, { bucket: live.bucket })
      })
    )
  })
})
