import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Redacted } from "effect"
import { until } from "#domain/testing/Eventually.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import { postgres } from "../../test/servers/Postgres.ts"
import * as Presence from "./Presence.ts"

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
