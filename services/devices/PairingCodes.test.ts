import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { DeviceId, defaultTenant } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import * as FileVault from "#infra/secrets/FileVault.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import * as SqliteSubjectKeys from "#infra/subject-keys/Sqlite.ts"
import { temporaryDirectory } from "#infra/testing/TemporaryDirectory.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import { Personal } from "../privacy/Personal.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { Databases, emptyDatabase, uuid } from "../testing/ViewsFixture.ts"
import { PairingCodes } from "./PairingCodes.ts"
import * as SharedPairingCodes from "./SharedPairingCodes.ts"

const { crypto } = NodeCrypto
const device = DeviceId.make(uuid(1))
const codeOf = (code: string, seconds: number) => ({
  method: "qr" as const,
  code,
  expiresAt: fromMillis(seconds * 1_000)
})
const rows = (sql: SqlClient.SqlClient) => sql<{ readonly box: string }>`SELECT * FROM pairing_codes`

/** One process's, on the database. */
const gateway = (sql: SqlClient.SqlClient, keys: SubjectKeys["Service"]) =>
  Layer.build(
    Layer.fresh(SharedPairingCodes.layer).pipe(
      Layer.provide(Personal.layer),
      Layer.provide(Layer.succeed(SqlClient.SqlClient, sql)),
      Layer.provide(Layer.succeed(SubjectKeys, keys)),
      Layer.provide(Layer.succeed(Crypto, crypto)),
      Layer.provide(
        Layer.succeed(Provenance, {
          tenant: defaultTenant,
          region: "test",
          producer: "test",
          pepper: crypto.macKey(new Uint8Array(32).fill(1))
        })
      )
    )
  ).pipe(Effect.map((context) => Context.get(context, PairingCodes)))

const keysIn = (folder: string) =>
  Layer.build(
    SqliteSubjectKeys.layer(join(folder, "subject-keys.db")).pipe(
      Layer.provide(FileVault.layer(join(folder, "secrets"))),
      Layer.provide(NodeCrypto.layer)
    )
  ).pipe(Effect.map((context) => Context.get(context, SubjectKeys)))
const subjectKeys = Effect.flatMap(temporaryDirectory, keysIn)

const contract = (name: string, databases: Layer.Layer<Databases>) =>
  it.layer(databases)(`pairing codes of several gateways: ${name}`, (it) => {
    it.effect("one heard of it, all show it, until the device is paired", () =>
      Effect.gen(function* () {
        const sql = yield* emptyDatabase
        const keys = yield* subjectKeys
        const [one, two] = [yield* gateway(sql, keys), yield* gateway(sql, keys)]
        assert.isUndefined(yield* two.current(device))
        yield* one.show(device, codeOf("first", 60))
        assert.deepStrictEqual(yield* two.current(device), codeOf("first", 60))
        assert.deepStrictEqual(yield* two.first(device), codeOf("first", 60))
        yield* two.show(device, codeOf("second", 80))
        yield* one.show(device, codeOf("first", 60)) // late, or again
        assert.deepStrictEqual(yield* one.current(device), codeOf("second", 80))
        yield* two.hide(device)
        assert.lengthOf(yield* rows(sql), 0)
        assert.isUndefined(yield* one.current(device))
      })
    )

    it.effect("a code that works no longer is not shown, and then is gone", () =>
      Effect.gen(function* () {
        const sql = yield* emptyDatabase
        const keys = yield* subjectKeys
        const one = yield* gateway(sql, keys)
        yield* one.show(device, codeOf("first", 10))
        yield* TestClock.setTime(9_999)
        assert.strictEqual((yield* one.current(device))?.code, "first")
        yield* TestClock.setTime(10_000)
        assert.isUndefined(yield* one.current(device))
        yield* one.show(DeviceId.make(uuid(2)), codeOf("of another device", 60))
        assert.lengthOf(yield* rows(sql), 1)
      })
    )

    it.effect("the database does not show it, nor does another secret open it", () =>
      Effect.gen(function* () {
        const sql = yield* emptyDatabase
        const keys = yield* subjectKeys
        const one = yield* gateway(sql, keys)
        yield* one.show(device, codeOf("2@a-secret", 60))
        const stored = JSON.stringify(yield* rows(sql))
        assert.include(stored, device)
        assert.notInclude(stored, "a-secret")
        assert.notInclude(stored, Buffer.from("2@a-secret").toString("base64url"))
        assert.isUndefined(yield* (yield* gateway(sql, yield* subjectKeys)).current(device))
      })
    )

    it.effect("one that was put in another's place is none", () =>
      Effect.gen(function* () {
        const sql = yield* emptyDatabase
        const one = yield* gateway(sql, yield* subjectKeys)
        yield* one.show(device, codeOf("2@a-secret", 60))
        const other = DeviceId.make(uuid(2))
        yield* sql`UPDATE pairing_codes SET device = ${other}`
        assert.isUndefined(yield* one.current(other))
      })
    )
  })

const inMemory = Layer.build(Layer.fresh(SqliteClient.layer(":memory:", { durability: "checkpoint" }))).pipe(
  Effect.map((context) => Context.get(context, SqlClient.SqlClient)),
  Effect.orDie
)
contract("SQLite", Layer.succeed(Databases, { empty: inMemory }))

describeWith("PostgreSQL", "pairing codes", () => {
  contract(
    "PostgreSQL",
    Layer.effect(
      Databases,
      Effect.map(Postgres, ({ database }) => ({ empty: Effect.flatMap(database, (url) => clientOf(url)) }))
    ).pipe(Layer.provide(Postgres.layer))
  )
})
