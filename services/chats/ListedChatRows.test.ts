import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient, type Statement } from "effect/sql"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import * as ContactRows from "../contacts/ContactRows.ts"
import { home } from "../testing/ViewsFixture.ts"
import * as ChatsRows from "./ChatsRows.ts"
import * as ListedChatRows from "./ListedChatRows.ts"

it.effect("a page is read by indexes alone, in their order, however much there is", () =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* ChatsRows.view(NodeCrypto.crypto).setup(sql)
    const statements: Array<Statement.Statement<object>> = []
    const heard = new Proxy(sql, {
      apply: (target, self, [first, ...others]) => {
        const statement = Reflect.apply(target, self, [first, ...others])
        statements.push(statement)
        return statement
      }
    })
    const listening = Effect.provideService(SqlClient.SqlClient, heard)
    const chats = yield* listening(ListedChatRows.make)
    const contacts = yield* listening(ContactRows.make)
    const page = { device: home, devices: undefined, after: 7n, limit: 50 }
    yield* chats.list(page)
    yield* chats.entries({ chats: [1, 2], after: 7n, limit: 50 })
    yield* chats.changes([1, 2], ["A", "B"])
    yield* chats.entries({ chats: [1, 2], after: 7n, limit: 50, upTo: 5n })
    yield* chats.changes([1, 2], ["A", "B"], 5n)
    yield* chats.firsts([1, 2], ["A", "B"])
    yield* contacts.list({ ...page, names: [] })
    const plans = new Set<string>()
    for (const statement of statements) {
      const [text, parameters] = statement.compile()
      if (!text.startsWith("SELECT")) continue
      const plan = yield* sql.unsafe<{ readonly detail: string }>(`EXPLAIN QUERY PLAN ${text}`, parameters)
      for (const { detail } of plan) plans.add(detail)
    }
    const odd = [...plans].filter((step) => /^SCAN (?!of_)|TEMP B-TREE FOR ORDER/.test(step))
    assert.deepStrictEqual(odd, [])
    for (const index of [
      /chats_by_device \(device=\? AND last<\?\)/,
      /chat_entries USING PRIMARY KEY/,
      /peers_listed/
    ]) {
      assert.isTrue(
        [...plans].some((step) => index.test(step)),
        `${index} ${[...plans].join("; ")}`
      )
    }
  }).pipe(Effect.provide(SqliteClient.layer(":memory:", { durability: "checkpoint" })))
)
