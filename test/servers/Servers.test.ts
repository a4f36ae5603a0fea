import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { connect as connectTo } from "node:net"
import { createInterface } from "node:readline"
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { connect, StringCodec } from "nats"
import { patienceMillis } from "#domain/testing/Eventually.ts"
import { describeWith, programOf } from "./Installed.ts"
import { natsServer } from "./Nats.ts"
import { postgres } from "./Postgres.ts"

const text = StringCodec()

const using = <A>(url: string, use: (connection: Awaited<ReturnType<typeof connect>>) => Promise<A>) =>
  Effect.promise(async () => {
    const connection = await connect({ servers: url, reconnect: false })
    try {
      return await use(connection)
    } finally {
      await connection.close()
    }
  })

const stored = (url: string) =>
  using(url, async (connection) => {
    const streams = await (await connection.jetstreamManager()).streams.list().next()
    return streams.map(({ config, state }) => [config.name, state.messages])
  })

const listens = (port: number) =>
  Effect.callback<boolean>((resume) => {
    const socket = connectTo(port, "127.0.0.1", () => {
      socket.destroy()
      resume(Effect.succeed(true))
    })
    socket.on("error", () => resume(Effect.succeed(false)))
  })

describeWith("nats-server", "a NATS server of the test's own", () => {
  it.live("keeps what it stored through a kill, forgets it when wiped, and is gone with its scope", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const nats = yield* Effect.provideService(natsServer(), Scope.Scope, scope)
      yield* using(nats.url, async (connection) => {
        const manager = await connection.jetstreamManager()
        await manager.streams.add({ name: "kept", subjects: ["kept.*"] })
        await connection.jetstream().publish("kept.one", text.encode("one"))
      })
      yield* nats.kill()
      assert.isFalse(yield* listens(nats.port))
      yield* nats.restart
      assert.deepStrictEqual(yield* stored(nats.url), [["kept", 1]])
      yield* nats.wipeStore
      yield* nats.restart
      assert.deepStrictEqual(yield* stored(nats.url), [])
      yield* Scope.close(scope, Exit.fail("as a test that failed"))
      assert.isFalse(yield* listens(nats.port))
      assert.isFalse(existsSync(nats.directory))
    })
  )

  it.live("runs with a configuration and its variables", () =>
    Effect.gen(function* () {
      const config = "port: 4222\nauthorization { user: agent, password: $PASSWORD }\n"
      const nats = yield* natsServer({ config, env: { PASSWORD: "said-to-the-server" } })
      assert.notStrictEqual(nats.port, 4222)
      const refused = yield* Effect.promise(() =>
        connect({ servers: nats.url, reconnect: false }).then(
          () => "let in",
          (error: { readonly code: string }) => error.code
        )
      )
      assert.strictEqual(refused, "AUTHORIZATION_VIOLATION")
      const open = yield* Effect.promise(() =>
        connect({ servers: nats.url, user: "agent", pass: "said-to-the-server", reconnect: false })
      )
      yield* Effect.promise(() => open.close())
    })
  )
})

const ask = (url: string, sql: string, timeout = patienceMillis) =>
  execFileSync(programOf("psql")!, ["-XAtq", "-d", url, "-c", sql], { encoding: "utf8", timeout, stdio: "pipe" }).trim()

/** A connection that stays open: writes a query, and waits for the next line of an answer. */
const session = (url: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => spawn(programOf("psql")!, ["-XAtq", "-d", url])),
      (psql) => Effect.sync(() => psql.kill("SIGKILL"))
    ),
    ({ stdin, stdout }) => {
      const lines = createInterface(stdout)
      return (sql: string, millis = patienceMillis) =>
        Effect.promise(() => {
          stdin.write(`${sql};\n`)
          const line = once(lines, "line", { signal: AbortSignal.timeout(millis) })
          return line.then(
            ([words]) => words as string,
            () => undefined
          )
        })
    }
  )

describeWith("PostgreSQL", "a PostgreSQL server of the test's own", () => {
  it.live("is durable, separates databases, stands still when told, and is gone with its scope", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const server = yield* Effect.provideService(postgres(), Scope.Scope, scope)
      const [one, two] = [yield* server.database, yield* server.database]
      assert.strictEqual(ask(one, "show fsync"), "on")
      ask(one, "create table kept (n int); insert into kept values (7)")
      yield* server.kill()
      assert.throws(() => ask(one, "select 1"))
      yield* server.restart
      assert.strictEqual(ask(one, "select n from kept"), "7")
      assert.throws(() => ask(two, "select n from kept"), /does not exist/)
      assert.throws(() => ask(one.replace(/:[0-9a-f]{32}@/, ":guessed@"), "select 1"), /password/)

      const open = yield* session(one)
      assert.strictEqual(yield* open("select n from kept"), "7")
      yield* server.pause
      assert.throws(() => ask(one, "select 1", 200), /ETIMEDOUT/)
      assert.strictEqual(yield* open("select n + 1 from kept", 300), undefined)
      yield* server.resume
      assert.strictEqual(yield* open("select n + 2 from kept"), "8", "the answer that was held up")
      yield* server.pause
      yield* Scope.close(scope, Exit.fail("as a test that failed"))
      assert.isFalse(yield* listens(server.port))
    })
  )

  it.live("runs with other settings", () =>
    Effect.gen(function* () {
      const server = yield* postgres({ settings: { fsync: "off" } })
      assert.strictEqual(ask(server.url, "show fsync"), "off")
      yield* server.kill("SIGINT")
      assert.isFalse(yield* listens(server.port))
    })
  )

  it.live("is one cluster copied, and shares nothing with the next", () =>
    Effect.gen(function* () {
      const settings = { fsync: "off" }
      const [one, two] = [yield* postgres({ settings }), yield* postgres({ settings })]
      const [first, second] = [one, two].map(({ url }) => ask(url, "SELECT system_identifier FROM pg_control_system()"))
      assert.strictEqual(first, second)
      ask(one.url, "CREATE TABLE own (word text)")
      assert.strictEqual(ask(two.url, "SELECT count(*) FROM pg_tables WHERE tablename = 'own'"), "0")
    })
  )
})
