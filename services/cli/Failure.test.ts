import { createServer } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import { explain, listensBy } from "./Failure.ts"

const listening = (host: string, port: number) =>
  Effect.callback<never, Error>((resume) => {
    const server = createServer()
    server.once("error", (error) => resume(Effect.fail(new Error("wrapped", { cause: error }))))
    server.listen(port, host)
    return Effect.sync(() => server.close())
  })
const taken = Effect.acquireRelease(
  Effect.callback<{ readonly port: number; readonly close: () => void }>((resume) => {
    const server = createServer()
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { readonly port: number }
      resume(Effect.succeed({ port, close: () => server.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
)
const told = <E>(effect: Effect.Effect<never, E>) =>
  Effect.map(Effect.exit(effect), (exit) => (Exit.isFailure(exit) ? explain(exit.cause) : undefined))

describe("listening that failed", () => {
  it.live("names what would have to be set", () =>
    Effect.gen(function* () {
      const { port } = yield* taken
      assert.match((yield* told(listening("127.0.0.1", port)))!, /^cannot listen on 127\.0\.0\.1:\d+: .*; set PORT to/)
      assert.match((yield* told(listening("203.0.113.7", 0)))!, /^cannot listen: .*; set HOST to/)
      assert.match((yield* told(listening("nowhere.invalid", 0)))!, /^cannot listen: .*; set HOST to/)
    })
  )

  it.live("names the flags of what listens by flags", () =>
    Effect.gen(function* () {
      const byFlags = listensBy({ host: "--host", port: "--port" })
      const { port } = yield* taken
      assert.match((yield* told(byFlags(listening("127.0.0.1", port))))!, /; set --port to another port/)
      assert.match((yield* told(byFlags(listening("203.0.113.7", 0))))!, /; set --host to/)
      assert.strictEqual(yield* told(byFlags(Effect.fail(new Error("of another kind")))), "of another kind")
    })
  )

  it("says nothing of a bug", () => {
    assert.isUndefined(explain(Cause.die(new Error("a bug"))))
  })
})

const notConnected = (cause: unknown) =>
  Cause.fail(new SqlError({ reason: new ConnectionError({ message: "PgConnection: Failed to connect", cause }) }))

it("what ended a command is told with what it came from", () => {
  const refused = new AggregateError([new Error("connect ECONNREFUSED 127.0.0.1:5432")])
  assert.deepStrictEqual(
    [
      new Error('database "homing" does not exist'),
      new Error("unsupported startup parameter: statement_timeout"),
      refused
    ].map((cause) => explain(notConnected(cause))),
    [
      'PgConnection: Failed to connect: database "homing" does not exist',
      "PgConnection: Failed to connect: unsupported startup parameter: statement_timeout",
      "PgConnection: Failed to connect: connect ECONNREFUSED 127.0.0.1:5432"
    ]
  )
  const said = new Error("the disk is full")
  assert.strictEqual(
    explain(Cause.fail(new Error("not opened: the disk is full", { cause: said }))),
    "not opened: the disk is full"
  )
  assert.isUndefined(explain(Cause.die(new Error("a bug"))))
  // a database that goes away in the midst of a start does so where nothing else is expected
  const away = new SqlError({
    reason: new ConnectionError({ message: "PgConnection: Socket error", cause: new Error("read ECONNRESET") })
  })
  assert.strictEqual(explain(Cause.die(away)), "PgConnection: Socket error: read ECONNRESET")
})
