import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { decode } from "./ConnectionString.ts"

const read = (url: string) =>
  Effect.map(decode(Redacted.make(url)), ({ credentials, ...rest }) => ({
    ...rest,
    credentials: credentials && [credentials.username, Redacted.value(credentials.password)]
  }))
const localhost = { address: "localhost", port: 2113 }

describe("an EventStoreDB's address", () => {
  it.effect("says where, how, and who asks", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* read("esdb://localhost?tls=false"), {
        discover: false,
        hosts: [localhost],
        tls: false,
        credentials: undefined
      })
      assert.deepStrictEqual((yield* read("esdb://127.0.0.1:2114?tls=false")).hosts, [
        { address: "127.0.0.1", port: 2114 }
      ])
      assert.deepStrictEqual(yield* read("esdb://ops:p%40ss%3A@db-1.internal:2114/?tls=true&tlsCAFile=/ca.pem"), {
        discover: false,
        hosts: [{ address: "db-1.internal", port: 2114 }],
        tls: true,
        tlsCAFile: "/ca.pem",
        credentials: ["ops", "p@ss:"]
      })
      const found = { discover: true, tls: true, credentials: ["u", "p"] }
      assert.deepStrictEqual(yield* read("kurrentdb+discover://u:p@localhost"), { ...found, hosts: [localhost] })
      assert.deepStrictEqual(yield* read("esdb://u:p@localhost,other:1"), {
        ...found,
        hosts: [localhost, { address: "other", port: 1 }]
      })
    })
  )

  it.effect("is refused, without being repeated, when it says anything else", () =>
    Effect.gen(function* () {
      const wrong = [
        "",
        "http://user:hunter2@localhost",
        "esdb://",
        "esdb://user:hunter2@",
        "esdb://user:hunter2@localhost:0",
        "esdb://user:hunter2@localhost:65536",
        "esdb://user:hunter2@127.0.0.1",
        "esdb://user:hunter2@localhost,10.0.0.1?tls=true",
        "esdb://user:hunter2@localhost:1:2",
        "esdb://user:hunter2@local host",
        "esdb://user:hunter2%@localhost",
        "esdb://user@localhost",
        "esdb://user:hunter2@localhost?tls=maybe",
        "esdb://user:hunter2@localhost?tls=toString",
        "esdb://user:hunter2@localhost?tlsCAFile=",
        "esdb://user:hunter2@localhost?defaultDeadline=1"
      ]
      for (const url of wrong) {
        const error = yield* Effect.flip(decode(Redacted.make(url)))
        assert.include(error.message, "is not of the form esdb://", url)
        assert.notInclude(JSON.stringify(error) + String(error), "hunter2")
      }
    })
  )
})
