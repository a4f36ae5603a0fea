import { execFileSync } from "node:child_process"
import { chmodSync, chownSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { getCACertificates, setDefaultCACertificates } from "node:tls"
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Redacted, Schedule } from "effect"
import type { SqlClient } from "effect/sql"
import { describeWith } from "../../test/servers/Installed.ts"
import { postgres } from "../../test/servers/Postgres.ts"
import { temporaryDirectory } from "../testing/TemporaryDirectory.ts"
import { clientOf, Postgres } from "./testing/PostgresFixture.ts"

const connected = Effect.flatMap(
  Effect.flatMap(Postgres, (server) => server.database),
  (url) => clientOf(url, { maxConnections: 3 })
)
const reasonOf = <A, E extends { readonly reason: { readonly _tag: string } }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), ({ reason }) => reason._tag)
const backends = (sql: SqlClient.SqlClient) =>
  sql`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'homing'`

describeWith("PostgreSQL", "PostgresClient", () => {
  it.layer(Postgres.layer, { excludeTestServices: true })("at work", (it) => {
    it.effect("keeps integers to the last bit, bytes, and text of any language", () =>
      Effect.gen(function* () {
        const sql = yield* connected
        yield* sql`CREATE TABLE kept (position BIGINT PRIMARY KEY, n INTEGER, bytes BYTEA, words TEXT)`
        const largest = 2n ** 63n - 1n
        const bytes = new Uint8Array([0, 255])
        yield* sql`INSERT INTO kept ${sql.insert([
          { position: largest, n: 2 ** 31 - 1, bytes, words: "тест 🐘" },
          { position: 3n, n: null, bytes: null, words: null }
        ])}`
        assert.deepStrictEqual(yield* sql`SELECT * FROM kept WHERE position > ${2n} ORDER BY position`, [
          { position: 3n, n: null, bytes: null, words: null },
          { position: largest, n: 2 ** 31 - 1, bytes, words: "тест 🐘" }
        ])
        assert.isTrue(Exit.isFailure(yield* Effect.exit(sql`INSERT INTO kept (position) VALUES (${largest + 1n})`)))
        assert.strictEqual(yield* reasonOf(sql`INSERT INTO kept (position) VALUES (3)`), "UniqueViolation")
      })
    )

    it.effect("rolls back on failure and interruption, and only the inner level of a nested transaction", () =>
      Effect.gen(function* () {
        const sql = yield* connected
        yield* sql`CREATE TABLE kept (n INTEGER PRIMARY KEY)`
        const insert = (n: number) => sql`INSERT INTO kept ${sql.insert({ n })}`
        yield* Effect.exit(sql.withTransaction(Effect.andThen(insert(1), Effect.fail("no"))))
        const interrupted = sql.withTransaction(Effect.andThen(insert(2), Effect.never))
        yield* Fiber.interrupt(yield* Effect.forkChild(interrupted, { startImmediately: true }))
        const inner = Effect.exit(sql.withTransaction(Effect.andThen(insert(4), Effect.fail("no"))))
        yield* sql.withTransaction(Effect.andThen(insert(3), inner))
        assert.deepStrictEqual(yield* sql`SELECT n FROM kept`, [{ n: 3 }])
      })
    )

    it.effect("opens no more connections than it may, and the others wait", () =>
      Effect.gen(function* () {
        const sql = yield* connected
        const counts = yield* Effect.forEach(
          Array.from({ length: 12 }),
          () =>
            Effect.map(sql`SELECT pg_sleep(0.05), count(*)::int AS n FROM (${backends(sql)}) AS b`, ([row]) => row!.n),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(counts.length, 12)
        assert.strictEqual(Math.max(...counts.map(Number)), 3)
      })
    )

    it.effect("gives no statement more time than it may take", () =>
      Effect.gen(function* () {
        const sql = yield* connected
        assert.strictEqual(yield* reasonOf(sql`SELECT pg_sleep(20)`), "StatementTimeoutError")
      })
    )

    it.effect("does not send a password in the clear to a server without encryption that should have it", () =>
      Effect.gen(function* () {
        const url = Redacted.value(yield* (yield* Postgres).database)
        const sql = yield* clientOf(Redacted.make(`${url}?sslmode=require`))
        assert.strictEqual(yield* reasonOf(sql`SELECT 1`), "ConnectionError")
      })
    )
  })

  it.layer(Postgres.layer, { excludeTestServices: true })("in trouble", (it) => {
    it.effect("fails at once what was under way when the server is killed, and connects again when it is back", () =>
      Effect.gen(function* () {
        const server = yield* Postgres
        const sql = yield* connected
        yield* sql`CREATE TABLE kept (n INTEGER)`
        const asleep = yield* Effect.forkChild(reasonOf(sql`SELECT pg_sleep(4)`), { startImmediately: true })
        yield* Effect.repeat(backends(sql), { until: (rows) => rows.length === 2 })
        yield* server.kill()
        assert.strictEqual(yield* Fiber.join(asleep), "ConnectionError")
        assert.strictEqual(yield* reasonOf(sql`SELECT 1`), "ConnectionError")
        yield* server.restart
        assert.deepStrictEqual(yield* sql`SELECT n FROM kept`, [])
      })
    )

    it.effect("waits for a frozen server no longer than for a slow one", () =>
      Effect.gen(function* () {
        const server = yield* Postgres
        const sql = yield* connected
        yield* sql`SELECT 1`
        yield* server.pause
        const [elapsed, reason] = yield* Effect.timed(reasonOf(sql`SELECT 1`))
        assert.strictEqual(reason, "ConnectionError")
        assert.isBelow(Duration.toMillis(elapsed), 25_000) // seven seconds are its silence; a frozen server stays so for ever
        yield* server.resume
        assert.deepStrictEqual(yield* Effect.retry(sql`SELECT 1 AS one`, Schedule.spaced("20 millis")), [{ one: 1 }])
      })
    )
  })

  it.live("encrypts, and believes only a certificate that it can verify", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryDirectory
      chmodSync(folder, 0o755)
      const [certificate, key] = [join(folder, "server.crt"), join(folder, "server.key")]
      const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
      const make = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
      execFileSync("openssl", [...make, ...subject, "-keyout", key, "-out", certificate], { stdio: "ignore" })
      chmodSync(key, 0o640) // as PostgreSQL wants a key that root owns and its group may read
      if (process.getuid?.() === 0) chownSync(key, 0, Number(execFileSync("id", ["-g", "postgres"])))
      const settings = { ssl: "on", ssl_cert_file: certificate, ssl_key_file: key, fsync: "off" }
      const url = (yield* (yield* postgres({ settings })).database).replace("127.0.0.1", "localhost")
      const encrypted = (to: string) =>
        Effect.flatMap(
          clientOf(Redacted.make(`${to}?sslmode=verify-full`)),
          (sql) => sql`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`
        )
      assert.strictEqual(yield* reasonOf(encrypted(url)), "ConnectionError")

      const trusted = getCACertificates("default")
      yield* Effect.acquireRelease(
        Effect.sync(() => setDefaultCACertificates([readFileSync(certificate, "utf8")])),
        () => Effect.sync(() => setDefaultCACertificates(trusted))
      )
      assert.deepStrictEqual(yield* encrypted(url), [{ ssl: true }])
      assert.strictEqual(yield* reasonOf(encrypted(url.replace("localhost", "127.0.0.1"))), "ConnectionError")
    })
  )
})
