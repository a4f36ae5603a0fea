import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Schedule } from "effect"
import type { SqlClient } from "effect/sql"
import { partitionOf } from "#services/runtime/Partitions.ts"
import { eventually, text } from "./Homing.ts"
import { receiver } from "./Receiver.ts"
import { numbered, SharedGateways } from "./SharedGateways.ts"
import { describeWith } from "./servers/Installed.ts"

interface Write {
  readonly before: string | null
  readonly after: string
}

/** From now on every position that somebody writes there is kept, with the one before it. */
const watched = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, table: string) {
  yield* sql`CREATE TABLE IF NOT EXISTS watched (id SERIAL PRIMARY KEY, before TEXT, after TEXT)`
  yield* sql`CREATE OR REPLACE FUNCTION watch() RETURNS TRIGGER LANGUAGE plpgsql AS
    'BEGIN INSERT INTO watched (before, after) VALUES (OLD.position, NEW.position); RETURN NEW; END'`
  yield* sql`CREATE OR REPLACE TRIGGER watch AFTER UPDATE ON ${sql(table)} FOR EACH ROW EXECUTE FUNCTION watch()`
})

const reported = ["queued", "sent"].map((what) => `homing.message.${what}.v1`)

describeWith("PostgreSQL", "several gateways, of which one goes and another takes over,", () => {
  it.layer(SharedGateways.layer, { excludeTestServices: true })("", (it) => {
    it.effect("deliver everything, in the order of its chat and under its id, whichever of them is killed", () =>
      Effect.gen(function* () {
        const { device, gateway, send } = yield* SharedGateways
        const own = { OUTBOUND_ALLOW: "loopback" }
        const both = yield* Effect.all([gateway(own), gateway(own)], { concurrency: "unbounded" })
        yield* eventually(both[0].call("GET", `/v1/devices/${device}`), ({ body }) => body.state === "connected")
        const there = yield* receiver(() => new Promise((resolve) => setTimeout(() => resolve(204), 20)))
        const { body, status } = yield* both[0].call("POST", "/v1/endpoints", { url: there.url, types: reported })
        assert.strictEqual(status, 201)
        const words = numbered("told by whoever lives", 40)
        const arrived = (n: number) =>
          eventually(
            Effect.sync(() => new Set(there.arrivals.map(({ id }) => id)).size),
            (now) => now >= n
          )
        const sending = yield* Effect.forkChild(
          Effect.forEach(words, (one, i) => send(both[i % 2]!, one, 0), { concurrency: 4 })
        )
        yield* Fiber.join(sending)
        yield* arrived(10)
        yield* both[0].process.end("SIGKILL")
        yield* arrived(there.arrivals.length + 5)
        const third = yield* gateway(own)
        yield* both[1].process.end("SIGKILL")
        yield* arrived(words.length * reported.length)
        const first = [...new Map(there.arrivals.toReversed().map((one) => [one.id, one])).values()].toReversed()
        assert.lengthOf(first, words.length * reported.length)
        const sequences = first.map(({ body }) => body.sequence as string)
        assert.deepStrictEqual(sequences, sequences.toSorted()) // one chat
        assert.lengthOf(new Set(first.map(({ body }) => body.id)), first.length) // no event under two ids
        const delivered = third.call("GET", `/v1/deliveries?endpoint=${body.id}&status=pending`)
        yield* eventually(delivered, ({ body }) => body.items.length === 0)
      }).pipe(Effect.scoped)
    )

    it.effect("they are exchanged one by one while callers send, and nothing accepted is lost or sent twice", () =>
      Effect.gen(function* () {
        const { caller, device, gateway, bothAtWork, seen } = yield* SharedGateways
        const before = (yield* seen).length
        const [one, two] = yield* Effect.all([gateway(), gateway()], { concurrency: "unbounded" })
        const as = yield* caller(one)
        let open = [one, two]
        const done = yield* Deferred.make<void>()
        const accepted: Array<string> = []

        /** As a caller does: again, under the same key, at whichever gateway is open, until it is accepted. */
        const submit = (words: string) =>
          Effect.suspend(() =>
            as(open[Math.floor(Math.random() * open.length)]!)(
              "POST",
              "/v1/messages",
              text(device, words, { until: "sent", timeoutMs: 20_000 }),
              { "idempotency-key": words }
            )
          ).pipe(
            Effect.catchDefect(() => Effect.succeed({ status: 0 })), // nobody listens there any more
            Effect.repeat({
              until: ({ status }) => status === 201 || status === 202,
              schedule: Schedule.spaced("200 millis")
            }),
            Effect.andThen(Effect.sync(() => accepted.push(words)))
          )
        const callers = yield* Effect.forEach([1, 2, 3, 4], (n) => {
          let i = 0
          return submit(`rolling-${n}-0`).pipe(
            Effect.andThen(
              Effect.suspend(() => submit(`rolling-${n}-${++i}`)).pipe(
                Effect.andThen(Effect.sleep("300 millis")),
                Effect.repeat({ until: () => Deferred.isDoneUnsafe(done) })
              )
            ),
            Effect.forkScoped
          )
        })
        yield* bothAtWork
        const leave = (gone: typeof one) =>
          Effect.gen(function* () {
            open = open.filter((gateway) => gateway !== gone)
            assert.strictEqual((yield* gone.process.end("SIGTERM")).code, 0)
            open = [...open, yield* gateway()]
            yield* bothAtWork
          })
        yield* leave(one)
        yield* leave(two)
        yield* eventually(
          Effect.sync(() => accepted.length),
          (count) => count > 20 // however quickly they were exchanged
        )
        yield* Deferred.succeed(done, undefined)
        yield* Effect.forEach(callers, Fiber.join)

        const all = yield* eventually(seen, ({ length }) => length >= before + accepted.length)
        assert.lengthOf(all, before + accepted.length)
        assert.isTrue(all.every(({ idsWithSameText }) => idsWithSameText === 1))
        const { body } = yield* eventually(open[0]!.call("GET", `/v1/messages?limit=100`), ({ body }) =>
          body.items.every(({ status }: { status: string }) => status !== "queued" && status !== "attempting")
        )
        assert.isTrue(
          body.items.every(({ status }: { status: string }) => ["sent", "delivered", "read"].includes(status))
        )
      }).pipe(Effect.scoped)
    )

    it.effect(
      "one that stood still gives way when its lease has ended, and changes nothing behind its successor when it goes on",
      () =>
        Effect.gen(function* () {
          const { bothAtWork, device, gateway, seen, send, sql } = yield* SharedGateways
          const before = (yield* seen).length
          const dispatching = sql<{ readonly holder: string }>`SELECT DISTINCT holder FROM leases
            WHERE ends > clock_timestamp() AND holder IS NOT NULL`
          yield* eventually(dispatching, ({ length }) => length === 0) // those of before let go
          const first = yield* gateway()
          const [{ holder: firstHolder } = { holder: "" }] = yield* eventually(
            dispatching,
            ({ length }) => length === 1
          )
          const second = yield* gateway()
          yield* bothAtWork
          for (const table of ["dispatcher", "checkpoints"]) yield* watched(sql, table)

          const [row] = yield* sql<{ readonly holder: string }>`SELECT holder FROM leases
            WHERE group_name = 'dispatcher' AND partition = ${partitionOf(device, 16)}`
          const [paused, other] = row?.holder === firstHolder ? [first, second] : [second, first]
          const holder = row!.holder
          // in so little time a busy machine may not know yet: the same again is told
          yield* Effect.forEach(
            numbered("under way", 5),
            (words) => eventually(send(paused, words, 100), ({ status }) => status < 300),
            { concurrency: "unbounded" }
          )
          const begun = performance.now()
          process.kill(paused.process.pid, "SIGSTOP")
          const [left] = yield* sql<{ readonly seconds: number }>`
            SELECT EXTRACT(EPOCH FROM MAX(ends) - clock_timestamp())::float8 AS seconds
            FROM leases WHERE holder = ${holder}`
          assert.isAtMost(left!.seconds, 5)
          const after = yield* send(other, "after the stop")
          assert.strictEqual(after.status, 201)
          assert.isBelow(performance.now() - begun, 20_000) // a lease and a renewal are 6.5 s; the rest is for busy machines
          yield* Effect.sleep(Math.max(0, 15_000 - (performance.now() - begun)))

          process.kill(paused.process.pid, "SIGCONT")
          const more = yield* Effect.forEach(
            numbered("after it went on", 10),
            (words, i) => send(i % 2 === 0 ? paused : other, words),
            { concurrency: "unbounded" }
          )
          assert.isTrue(more.every(({ status }) => status === 201))
          yield* bothAtWork
          const writes = yield* sql<Write>`SELECT * FROM watched ORDER BY id`
          assert.isAbove(writes.length, 5)
          assert.deepStrictEqual(
            writes.filter(({ before, after }) => before !== null && BigInt(after) < BigInt(before)),
            []
          )
          const all = yield* eventually(seen, ({ length }) => length >= before + 16)
          assert.lengthOf(all, before + 16)
          assert.isTrue(all.every(({ idsWithSameText }) => idsWithSameText === 1))
        }).pipe(Effect.scoped)
    )
  })
})
