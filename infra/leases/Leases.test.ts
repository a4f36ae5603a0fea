import { assert, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { Leases } from "#domain/ports/Leases.ts"
import { eventually } from "#domain/testing/Eventually.ts"
import * as PostgresClient from "#infra/postgres/PostgresClient.ts"
import { Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import { freshGroup, join, leasesContract } from "./contract.ts"
import * as InProcess from "./InProcess.ts"
import * as PostgresLeases from "./Postgres.ts"

leasesContract(
  "in process",
  InProcess.layer.pipe(Layer.provideMerge(SqliteClient.layer(":memory:", { durability: "checkpoint" })))
)

const onPostgres = (options?: PostgresLeases.Options) =>
  Layer.unwrap(
    Effect.map(
      Effect.flatMap(Postgres, ({ database }) => database),
      (url) => PostgresLeases.layer(options).pipe(Layer.provideMerge(PostgresClient.layer(url)))
    )
  )

/** Over before a test is, and longer than a busy machine needs for what is done under it. */
const brief = 3_000

/** As many processes on one new database as are asked for. */
const processes = Effect.fnUntraced(function* (count: number, leaseMillis = 60_000) {
  const url = yield* (yield* Postgres).database
  return yield* Effect.all(
    Array.from({ length: count }, () => {
      const leases = PostgresLeases.layer({ leaseMillis, renewalMillis: 200 })
      const own = Layer.fresh(leases.pipe(Layer.provideMerge(PostgresClient.layer(url))))
      return Effect.map(Layer.build(own), (context) => ({
        leases: Context.get(context, Leases),
        sql: Context.get(context, SqlClient.SqlClient)
      }))
    }),
    { concurrency: "unbounded" }
  )
})

describeWith("PostgreSQL", "leases in PostgreSQL", () => {
  leasesContract("PostgreSQL", onPostgres().pipe(Layer.provide(Postgres.layer)))

  it.layer(Postgres.layer, { excludeTestServices: true })("", (it) => {
    it.effect("shares fairly: nobody has two more than another, and who holds most keeps what is left over", () =>
      Effect.gen(function* () {
        const members = (yield* processes(5)).map(({ leases }) => leases)
        const group = freshGroup()
        const balance = Effect.forEach(members, (leases) =>
          Effect.gen(function* () {
            const { leases: own, share } = yield* leases.renew(group)
            yield* leases.release(own.slice(share))
            return [...own.slice(0, share), ...(yield* leases.acquire(group, Math.max(0, share - own.length)))]
          })
        )
        const [a, b, ...others] = members
        assert.strictEqual((yield* join(a!, group)).length, 16)
        assert.strictEqual((yield* b!.renew(group)).share, 8)
        assert.strictEqual((yield* a!.renew(group)).share, 8)
        for (const other of others) yield* other.renew(group)
        yield* balance
        const settled = yield* balance
        assert.sameMembers(
          settled.map((own) => own.length),
          [4, 3, 3, 3, 3]
        )
        assert.deepStrictEqual(new Set(settled.flat().map(({ partition }) => partition)).size, 16)
        const again = yield* balance
        assert.deepStrictEqual(
          again.map((own) => new Set(own)),
          settled.map((own) => new Set(own))
        )
        yield* members.at(-1)!.leave(group)
        assert.strictEqual((yield* a!.renew(group)).share, 4)
      })
    )

    it.effect("keeps a partition for its holder until the lease ends, then gives it out under a larger token", () =>
      Effect.gen(function* () {
        const [one, two] = yield* processes(2, brief)
        const group = freshGroup(1)
        const [old] = yield* join(one!.leases, group)
        assert.isAtMost(old!.remaining(), brief)
        assert.deepStrictEqual(yield* two!.leases.acquire(group, 1), [])
        const taken = yield* Effect.repeat(two!.leases.acquire(group, 1), { until: (leases) => leases.length > 0 })
        assert.isAtMost(old!.remaining(), 0, "the holder knows before another one has it")
        assert.isAbove(Number(taken[0]!.token), Number(old!.token))
        assert.deepStrictEqual((yield* one!.leases.renew(group)).leases, [])
      })
    )

    it.effect("does not prolong a lease that has ended, also when nobody took it", () =>
      Effect.gen(function* () {
        const [one] = yield* processes(1, 500)
        const group = freshGroup(1)
        const [old] = yield* join(one!.leases, group)
        yield* Effect.repeat(Effect.sleep("50 millis"), { until: () => old!.remaining() <= -50 })
        assert.deepStrictEqual((yield* one!.leases.renew(group)).leases, [])
        const [next] = yield* one!.leases.acquire(group, 1)
        assert.strictEqual(next!.token, old!.token + 1n)
      })
    )

    it.effect("refuses what a holder writes after another one has the partition", () =>
      Effect.gen(function* () {
        const [one, two] = yield* processes(2)
        const group = freshGroup(1)
        const [old] = yield* join(one!.leases, group)
        yield* one!.sql`CREATE TABLE written (n INTEGER PRIMARY KEY)`
        const insert = (of: typeof one, n: number) => of!.sql`INSERT INTO written ${of!.sql.insert({ n })}`
        yield* one!.leases.release([old!])
        const [lease] = yield* two!.leases.acquire(group, 1)
        const late = yield* Effect.flip(one!.leases.fenced(old!, insert(one, 1)))
        assert.strictEqual(late._tag, "LeaseLost")
        yield* two!.leases.fenced(lease!, insert(two, 2))
        assert.deepStrictEqual(yield* one!.sql`SELECT n FROM written`, [{ n: 2 }])
      })
    )

    it.effect("refuses what a holder writes after the database forgot it and gave its token to another one", () =>
      Effect.gen(function* () {
        const [one, two] = yield* processes(2)
        const group = freshGroup(1)
        const [old] = yield* join(one!.leases, group)
        yield* one!.sql`UPDATE leases SET token = token - 1, holder = NULL, ends = '-infinity'
          WHERE group_name = ${group.name}`
        const [lease] = yield* two!.leases.acquire(group, 1)
        assert.strictEqual(lease!.token, old!.token)
        const late = yield* Effect.flip(one!.leases.fenced(old!, Effect.void))
        assert.strictEqual(late._tag, "LeaseLost")
        yield* one!.leases.release([old!])
        yield* two!.leases.fenced(lease!, Effect.void)
      })
    )

    it.effect("lets nobody take a partition while something is written under it, but lets the holder renew it", () =>
      Effect.gen(function* () {
        const [one, two] = yield* processes(2, brief)
        const group = freshGroup(1)
        const [lease] = yield* join(one!.leases, group)
        const [begun, done] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        // a transaction in which nothing is said would be ended by the server
        const write = Effect.andThen(one!.sql`SELECT 1`, Deferred.succeed(begun, undefined))
        const writing = yield* Effect.forkScoped(
          one!.leases.fenced(
            lease!,
            Effect.repeat(write, { until: () => Deferred.isDoneUnsafe(done), schedule: Schedule.spaced("50 millis") })
          )
        )
        yield* Deferred.await(begun)
        assert.deepStrictEqual((yield* one!.leases.renew(group)).leases, [lease!])
        yield* Effect.repeat(Effect.sleep("50 millis"), { until: () => lease!.remaining() <= -50 })
        assert.deepStrictEqual(yield* two!.leases.acquire(group, 1), [])
        yield* Deferred.succeed(done, undefined)
        yield* Fiber.join(writing)
        // by the database's clock it may end a little later than its holder goes by
        yield* eventually(two!.leases.acquire(group, 1), (leases) => leases.length === 1)
      })
    )

    it.effect("frees the partition of a process that stops in the middle of a transaction", () =>
      Effect.gen(function* () {
        const [one, two] = yield* processes(2, brief)
        const group = freshGroup(1)
        const [lease] = yield* join(one!.leases, group)
        const [begun, done] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        const writing = yield* Effect.forkScoped(
          Effect.exit(
            one!.leases.fenced(lease!, Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(done)))
          )
        )
        yield* Deferred.await(begun)
        yield* eventually(two!.leases.acquire(group, 1), (leases) => leases.length > 0)
        yield* Deferred.succeed(done, undefined)
        assert.isTrue(Exit.isFailure(yield* Fiber.join(writing)))
      })
    )

    it.effect("is unavailable while the database is away, and says what is left by its own clock", () =>
      Effect.gen(function* () {
        const server = yield* Postgres
        const [one] = yield* processes(1, brief)
        const group = freshGroup(1)
        const [lease] = yield* join(one!.leases, group)
        yield* server.kill()
        assert.strictEqual((yield* Effect.flip(one!.leases.renew(group)))._tag, "LeasesUnavailable")
        assert.strictEqual((yield* Effect.flip(one!.leases.fenced(lease!, Effect.void)))._tag, "LeasesUnavailable")
        yield* Effect.repeat(Effect.sleep("50 millis"), { until: () => lease!.remaining() <= 0 })
        yield* server.restart
        const [next] = yield* join(one!.leases, group)
        assert.isAbove(Number(next!.token), Number(lease!.token))
      })
    )
  })
})
