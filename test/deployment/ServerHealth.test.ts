import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as ConnectionString from "#infra/event-store/eventstoredb/ConnectionString.ts"
import { freePort } from "../servers/Daemon.ts"
import { describeWith, programOf } from "../servers/Installed.ts"
import { natsServer } from "../servers/Nats.ts"
import { postgres } from "../servers/Postgres.ts"
import { compose } from "./Compose.ts"
import { exitCode } from "./ExitCode.ts"

/** A health check's command, run here against a server of the test's own; its exit code. */
const healthOf = (name: string, replaced: readonly [string, string | number]) => {
  const [kind, program, ...args] = compose.services[name]!.healthcheck!.test!
  assert.strictEqual(kind, "CMD")
  assert.include(args.join(" "), replaced[0], "it asks the server of this test")
  const here = args.map((arg) => arg.replace(replaced[0], String(replaced[1])))
  return exitCode(programOf(program!)!, here)
}
describe("a health check", () => {
  it.live("of the event store: 0 when it is alive, else not", () =>
    Effect.gen(function* () {
      let status = 204
      const server = createServer((request, response) => {
        response.writeHead(request.url === "/health/live" ? status : 404).end()
      })
      yield* Effect.acquireRelease(
        Effect.promise(() => once(server.listen(0, "127.0.0.1"), "listening")),
        () => Effect.sync(() => server.close())
      )
      const port = (server.address() as AddressInfo).port
      assert.strictEqual(yield* healthOf("eventstore", ["2113", port]), 0)
      status = 503
      assert.notStrictEqual(yield* healthOf("eventstore", ["2113", port]), 0)
      server.close()
      assert.notStrictEqual(yield* healthOf("eventstore", ["2113", port]), 0)
    })
  )
})

/** A real one, where there is one. */
const real = process.env.EVENTSTORE_URL
if (real !== undefined) {
  it.live("a health check of a real event store: 0", () =>
    Effect.gen(function* () {
      const { hosts, tls } = yield* ConnectionString.decode(Redacted.make(real))
      const [{ address, port }] = hosts
      const there = `${tls ? "https" : "http"}://${address}:${port}`
      assert.strictEqual(yield* healthOf("eventstore", ["http://127.0.0.1:2113", there]), 0)
    })
  )
}

describeWith("nats-server", "a health check", () => {
  it.live("of NATS: 0 when it runs, else not", () =>
    Effect.gen(function* () {
      const port = yield* freePort
      const nats = yield* natsServer({ config: `http: "127.0.0.1:${port}"` })
      assert.strictEqual(yield* healthOf("nats", ["8222", port]), 0)
      yield* nats.kill()
      assert.notStrictEqual(yield* healthOf("nats", ["8222", port]), 0)
    })
  )
})

describeWith("PostgreSQL", "a health check", () => {
  it.live("of PostgreSQL: 0 when it takes connections, else not", () =>
    Effect.gen(function* () {
      const server = yield* postgres({ settings: { fsync: "off" } })
      assert.strictEqual(yield* healthOf("postgres", ["5432", server.port]), 0)
      yield* server.kill()
      assert.notStrictEqual(yield* healthOf("postgres", ["5432", server.port]), 0)
    })
  )
})
