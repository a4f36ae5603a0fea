import { assert, it } from "@effect/vitest"
import { Cause } from "effect"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import { explain } from "./Failure.ts"

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
})
