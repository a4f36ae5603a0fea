import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { type Holding, type Lease, LeaseLost, Leases, LeasesUnavailable } from "#domain/ports/Leases.ts"
import * as InProcess from "#infra/leases/InProcess.ts"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import { group, timing } from "../testing/PartitionsFixture.ts"
import { Fitness, type Obstacle } from "./Fitness.ts"
import * as Partitions from "./Partitions.ts"

describe("Partitions", () => {
  it("spreads keys evenly, and never moves one", () => {
    const counts = new Map<number, number>()
    for (let i = 0; i < 16_000; i++) {
      const partition = Partitions.partitionOf(`device-${i}`, 16)
      counts.set(partition, (counts.get(partition) ?? 0) + 1)
    }
    assert.strictEqual(counts.size, 16)
    assert.isTrue([...counts.values()].every((count) => count > 850 && count < 1_150))
    assert.deepStrictEqual(
      ["", "a", "foobar"].map((key) => Partitions.partitionOf(key, 2 ** 32)),
      [0x811c9dc5, 0xe40c292c, 0xbf9cf968] // the published values for these inputs
    )
  })

  it.effect("runs every partition at once in a process that is alone, and begins again what ends", () =>
    Effect.gen(function* () {
      const lives: Array<number> = []
      yield* Effect.forkChild(
        Partitions.run({ name: "test", partitions: 3 }, ({ partition }) =>
          Effect.sync(() => {
            lives.push(partition)
            if (partition === 1) throw new Error("no")
          })
        )
      )
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(lives.splice(0), [0, 1, 2])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(lives, [0, 1, 2])
      yield* TestClock.adjust("59 seconds")
      assert.lengthOf(lives, 3 * 8) // after 1, 3, 7, 15, 25, 35, 45 and 55 seconds
    }).pipe(
      Effect.provide(InProcess.layer.pipe(Layer.provide(SqliteClient.layer(":memory:", { durability: "checkpoint" }))))
    )
  )

  it.effect("stops before a lease may be another's while leases cannot be renewed, and before it gives one back", () =>
    Effect.gen(function* () {
      const said: Array<string> = []
      let left = 5_000
      const lease = (partition: number): Lease => ({ group: "test", partition, token: 1n, remaining: () => left })
      const all = [lease(0), lease(1)]
      let answer: Effect.Effect<Holding, LeasesUnavailable> = Effect.succeed({ leases: all, share: 2 })
      const leases = Leases.of({
        renewalMillis: 1_000,
        time: undefined,
        renew: () => Effect.suspend(() => answer),
        acquire: () => Effect.succeed([]),
        release: (given) => Effect.sync(() => said.push(...given.map(({ partition }) => `released ${partition}`))),
        leave: () => Effect.sync(() => said.push("left")),
        fenced: () => Effect.fail(new LeaseLost({ group: "test", partition: 0 }))
      })
      const work = ({ partition }: Lease) =>
        Effect.sync(() => said.push(`began ${partition}`)).pipe(
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() => Effect.sync(() => said.push(`stopped ${partition}`)))
        )
      const running = yield* Effect.forkChild(
        Effect.provideService(Partitions.run({ name: "test", partitions: 2 }, work), Leases, leases)
      )
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(said.splice(0), ["began 0", "began 1"])

      answer = Effect.succeed({ leases: all, share: 1 })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(said.splice(0), ["stopped 1", "released 1"])

      answer = Effect.fail(new LeasesUnavailable({ cause: "away" }))
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(said, [])
      left = 0
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(said.splice(0), ["stopped 0"])

      left = 5_000
      answer = Effect.succeed({ leases: all, share: 2 })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(said.splice(0), ["began 0", "began 1"])
      yield* Fiber.interrupt(running)
      assert.sameMembers(said.slice(0, 2), ["stopped 0", "stopped 1"])
      assert.deepStrictEqual(said.slice(2), ["left"])
    })
  )

  it.effect("gives all back while it cannot do the work, takes none, and begins again when it can", () =>
    Effect.gen(function* () {
      const said: Array<string> = []
      let found: Obstacle | undefined
      const leases = Leases.of({
        renewalMillis: 1_000,
        time: undefined,
        renew: () =>
          Effect.sync(() => {
            said.push("renewed")
            return { leases: [], share: 1 }
          }),
        acquire: () => Effect.succeed([{ group: "test", partition: 0, token: 1n, remaining: () => 5_000 }]),
        release: () => Effect.void,
        leave: () => Effect.sync(() => said.push("left")),
        fenced: () => Effect.fail(new LeaseLost({ group: "test", partition: 0 }))
      })
      const work = () =>
        Effect.sync(() => said.push("began")).pipe(
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() => Effect.sync(() => said.push("stopped")))
        )
      yield* Effect.forkChild(
        Partitions.run({ name: "test", partitions: 1 }, work, ["store_unavailable"]).pipe(
          Effect.provideService(Leases, leases),
          Effect.provideService(Fitness, {
            obstacle: () => found,
            unheard: () => undefined,
            whileFit: () => Effect.never
          })
        )
      )
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(said.splice(0), ["renewed", "began"])
      found = "bus_unavailable" // which this work does not need
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(said.splice(0, 1), ["renewed"])
      said.length = 0
      found = "store_unavailable"
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(said.splice(0), ["stopped", "left"])
      found = undefined
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(said.slice(0, 2), ["renewed", "began"])
    })
  )

  it.effect("leaves a group to others for a while when all of its work keeps failing here, and not for one part", () =>
    Effect.gen(function* () {
      const said: Array<string> = []
      const lease = (partition: number): Lease => ({ group: "test", partition, token: 1n, remaining: () => 60_000 })
      const leases = Leases.of({
        renewalMillis: 1_000,
        time: undefined,
        renew: () => Effect.sync(() => ({ leases: [...held], share: 2 })),
        acquire: () => Effect.succeed([]),
        release: () => Effect.void,
        leave: () => Effect.sync(() => said.push("left")),
        fenced: () => Effect.fail(new LeaseLost({ group: "test", partition: 0 }))
      })
      const held = [lease(0), lease(1)]
      let works = true
      const work = ({ partition }: Lease) => {
        said.push(`began ${partition}`)
        return partition === 0 && works ? Effect.never : Effect.fail("no")
      }
      yield* Effect.forkChild(
        Effect.provideService(Partitions.run({ name: "test", partitions: 2 }, work), Leases, leases)
      )
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual([said.filter((one) => one === "began 0").length, said.includes("left")], [1, false])
      works = false
      held[0] = lease(0) // as after a takeover: its work begins anew, and fails as well
      yield* TestClock.adjust("15 seconds")
      assert.include(said, "left")
      said.length = 0
      works = true
      yield* TestClock.adjust("10 seconds")
      assert.include(said, "began 0")
    })
  )

  it.effect("begins a partition's next life only when the one before is over", () =>
    Effect.gen(function* () {
      const said: Array<string> = []
      const over = yield* Deferred.make<void>()
      const lease = (token: bigint): Lease => ({ group: "test", partition: 0, token, remaining: () => 5_000 })
      let held = lease(1n)
      const leases = Leases.of({
        renewalMillis: 1_000,
        time: undefined,
        renew: () => Effect.sync(() => ({ leases: [held], share: 1 })),
        acquire: () => Effect.succeed([]),
        release: () => Effect.void,
        leave: () => Effect.void,
        fenced: () => Effect.fail(new LeaseLost({ group: "test", partition: 0 }))
      })
      const work = ({ token }: Lease) =>
        Effect.sync(() => said.push(`began ${token}`)).pipe(
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() => (token === 1n ? Deferred.await(over) : Effect.void))
        )
      yield* Effect.forkChild(
        Effect.provideService(Partitions.run({ name: "test", partitions: 1 }, work), Leases, leases)
      )
      yield* TestClock.adjust("1 millis")
      held = lease(2n)
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(said, ["began 1"])
      yield* Deferred.succeed(over, undefined)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(said, ["began 1", "began 2"])
    })
  )
})

/** A process of its own that takes part; `signal` is sent to it. */
const member = (url: Redacted.Redacted, name: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const child = spawn(process.execPath, [join(import.meta.dirname, "../testing/PartitionsFixture.ts")], {
        env: { PATH: process.env.PATH, JOURNAL_URL: Redacted.value(url), JOURNAL_NAME: name },
        stdio: ["ignore", "pipe", "inherit"]
      })
      const exited = once(child, "exit")
      await Promise.race([once(child.stdout, "data"), exited.then(() => Promise.reject(new Error(`${name} ended`)))])
      return { child, exited }
    }),
    ({ child, exited }) =>
      Effect.promise(() => {
        child.kill("SIGKILL")
        return exited
      })
  )

describeWith("PostgreSQL", "processes that share partitions", () => {
  it.layer(Postgres.layer, { excludeTestServices: true })("", (it) => {
    it.effect("share them, take over from one that is killed or stopped, and none writes after its successor", () =>
      Effect.gen(function* () {
        const url = yield* (yield* Postgres).database
        const sql = yield* clientOf(url)
        yield* sql`CREATE TABLE journal (
          id BIGSERIAL PRIMARY KEY, partition INTEGER NOT NULL, token BIGINT NOT NULL, name TEXT NOT NULL)`
        /** Who has written last to each partition, of what was written since; waits until it is so. */
        const shared = (...names: ReadonlyArray<string>) =>
          Effect.gen(function* () {
            const [since] = yield* sql<{ readonly id: bigint }>`SELECT COALESCE(MAX(id), 0) AS id FROM journal`
            const look = sql<{ readonly name: string; readonly partitions: number }>`
              SELECT name, COUNT(*)::int AS partitions FROM
                (SELECT DISTINCT ON (partition) partition, name FROM journal WHERE id > ${since!.id}
                 ORDER BY partition, id DESC) AS latest
              GROUP BY name ORDER BY name`
            const fair = group.partitions / names.length
            const [elapsed] = yield* Effect.timed(
              Effect.repeat(Effect.andThen(Effect.sleep("50 millis"), look), {
                until: (rows) =>
                  rows.map(({ name }) => name).join() === names.join() &&
                  rows.every(({ partitions }) => partitions >= Math.floor(fair) && partitions <= Math.ceil(fair))
              })
            )
            return Duration.toMillis(elapsed)
          })

        const a = yield* member(url, "a")
        yield* shared("a")
        const b = yield* member(url, "b")
        yield* shared("a", "b")
        const c = yield* member(url, "c")
        yield* shared("a", "b", "c")

        b.child.kill("SIGKILL")
        const takeover = timing.leaseMillis + timing.renewalMillis + 15_000 // the rest is for busy machines
        assert.isBelow(yield* shared("a", "c"), takeover)

        a.child.kill("SIGSTOP")
        assert.isBelow(yield* shared("c"), takeover + 3_000) // a transaction it had open lives so much longer
        a.child.kill("SIGCONT")
        yield* shared("a", "c")

        c.child.kill("SIGTERM")
        yield* Effect.promise(() => c.exited)
        const holders = yield* sql`SELECT DISTINCT holder FROM leases
          WHERE holder IS NOT NULL AND ends > clock_timestamp()`
        assert.isAtMost(holders.length, 1) // it left none to their end
        yield* shared("a")

        const backwards = yield* sql`SELECT id FROM
          (SELECT id, token, MAX(token) OVER (PARTITION BY partition ORDER BY id) AS newest FROM journal) AS written
          WHERE token < newest`
        assert.deepStrictEqual(backwards, [])
        const shares =
          yield* sql`SELECT partition, token FROM journal GROUP BY partition, token HAVING COUNT(DISTINCT name) > 1`
        assert.deepStrictEqual(shares, [])
      })
    )
  })
})
