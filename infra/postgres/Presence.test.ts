import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Redacted } from "effect"
import { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { until } from "#domain/testing/Eventually.ts"
import { isLoss } from "#services/layers/Adapters.ts"
import { nowhere } from "#services/layers/Settings.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import { postgres } from "../../test/servers/Postgres.ts"
import { isPassing } from "./Passing.ts"
import * as Presence from "./Presence.ts"
import { clientOf } from "./testing/PostgresFixture.ts"

const heard = () => {
  const lines: Array<string> = []
  return { lines, layer: Logger.layer([Logger.make(({ message }) => void lines.push(String([message].flat()[0])))]) }
}
const present = (url: string, patienceMillis?: number) =>
  Effect.scoped(Layer.build(Layer.fresh(Presence.layer(Redacted.make(url), patienceMillis))))

describeWith("PostgreSQL", "PostgreSQL at a start", () => {
  it.live("is waited for while it is away, which is said once; what it refuses is no reason to wait", () =>
    Effect.gen(function* () {
      const server = yield* postgres({ settings: { fsync: "off" } })
      const log = heard()
      const waited = (url: string, patienceMillis?: number) => Effect.provide(present(url, patienceMillis), log.layer)

      yield* waited(server.url)
      assert.deepStrictEqual(log.lines, [])

      const strange = server.url.replace(/:[^:@]+@/, ":another@")
      assert.match((yield* Effect.flip(waited(strange))).message, /no useful answer at 127\.0\.0\.1:\d+: .*password/)
      const missing = server.url.replace(/\/postgres$/, "/missing")
      assert.match((yield* Effect.flip(waited(missing))).message, /database "missing" does not exist/)
      const encrypted = `${server.url}?sslmode=require`
      assert.match((yield* Effect.flip(waited(encrypted))).message, /does not support TLS/)
      assert.deepStrictEqual(log.lines, [])

      yield* server.kill()
      const starting = yield* Effect.forkChild(waited(server.url), { startImmediately: true })
      yield* until(() => log.lines.length > 0)
      yield* Effect.sleep("1200 millis") // in which it asks again
      assert.deepStrictEqual(log.lines, ["PostgreSQL is not there; it is waited for"])
      yield* server.restart
      yield* Fiber.join(starting)
      assert.deepStrictEqual(log.lines, ["PostgreSQL is not there; it is waited for", "PostgreSQL is there"])

      yield* server.kill()
      const { message } = yield* Effect.flip(waited(server.url, 700))
      assert.match(message, /^PostgreSQL cannot be used: no useful answer at 127\.0\.0\.1:\d+: .*ECONNREFUSED/)
    })
  )
})

describeWith("PostgreSQL", "an error of PostgreSQL", () => {
  it.live("tells whether the server went away, in the midst of whatever, or refuses what is asked", () =>
    Effect.gen(function* () {
      const server = yield* postgres({ settings: { fsync: "off" } })
      const sql = yield* clientOf(Redacted.make(server.url))
      const wrong = yield* Effect.flip(sql`SELECT * FROM nothing`)
      assert.isFalse(isPassing(wrong))
      const asked = yield* Effect.forkChild(Effect.flip(sql`SELECT pg_sleep(60)`), { startImmediately: true })
      yield* Effect.sleep("500 millis")
      yield* server.kill()
      for (const error of [yield* Fiber.join(asked), yield* Effect.flip(sql`SELECT 1`)]) {
        assert.isTrue(isPassing(error))
        const keys = new SubjectKeysUnavailable({ cause: error })
        assert.isTrue(isLoss({ ...nowhere, databaseUrl: Redacted.make(server.url) })(keys))
        assert.isFalse(isLoss(nowhere)(keys))
      }
      assert.isFalse(isLoss({ ...nowhere, databaseUrl: Redacted.make(server.url) })(wrong))
    })
  )
})
