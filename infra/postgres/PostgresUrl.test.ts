import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as PostgresUrl from "./PostgresUrl.ts"

const parse = (url: string) => PostgresUrl.parse(Redacted.make(url))

describe("PostgresUrl", () => {
  it.effect("reads an address, and encrypts unless it is on this machine or told otherwise", () =>
    Effect.gen(function* () {
      const { password, ...address } = yield* parse("postgresql://us%40er:p%2Fw@db.example:6432/homing")
      assert.deepStrictEqual(address, {
        host: "db.example",
        port: 6432,
        database: "homing",
        username: "us@er",
        tls: true
      })
      assert.strictEqual(password && Redacted.value(password), "p/w")
      const tls = (url: string) => Effect.map(parse(url), (address) => address.tls)
      assert.isTrue(yield* tls("postgres://u@db.example/homing?sslmode=require"))
      assert.isTrue(yield* tls("postgres://u@localhost/homing?sslmode=verify-full"))
      assert.isFalse(yield* tls("postgres://u@db.example/homing?sslmode=disable"))
      for (const here of ["localhost", "127.0.0.1", "[::1]"]) assert.isFalse(yield* tls(`postgres://u@${here}/homing`))
      assert.isTrue(yield* tls("postgres://u@127.0.0.1.example/homing"))
      assert.strictEqual((yield* parse("postgres://u@[::1]/homing")).host, "::1")
    })
  )

  it.effect.each([
    "",
    "homing",
    "mysql://u:secret@host/homing",
    "postgres://u:secret@host/",
    "postgres://host/homing",
    "postgres://u:secret@host:70000/homing",
    "postgres://u:secret%@host/homing",
    "postgres://u:secret@host/homing?sslmode=prefer",
    "postgres://u:secret@host/homing?sslmode=allow",
    "postgres://u:secret@host/homing?sslmode=",
    "postgres://u:secret@host/homing?host=elsewhere",
    `postgres://u:secret@host/${"h".repeat(3_000)}`
  ])("refuses what it does not understand, and does not repeat it: %s", (url) =>
    Effect.gen(function* () {
      const { _tag, message } = yield* Effect.flip(parse(url))
      assert.strictEqual(_tag, "PostgresUrlInvalid")
      assert.notInclude(message, "secret")
    })
  )
})
