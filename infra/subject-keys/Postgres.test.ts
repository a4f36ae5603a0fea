import { assert, it } from "@effect/vitest"
import { Array, Context, Effect, Exit, Layer } from "effect"
import { TestClock } from "effect/testing"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import * as PostgresClient from "#infra/postgres/PostgresClient.ts"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import { home, one, open, type Row, Storages, subjectKeysContract } from "./contract.ts"
import * as PostgresKeys from "./Postgres.ts"

const storage = Effect.gen(function* () {
  const url = yield* (yield* Postgres).database
  const client = Layer.fresh(PostgresClient.layer(url))
  const sql = yield* clientOf(url)
  return {
    open: Effect.map(Layer.build(Layer.fresh(PostgresKeys.layer).pipe(Layer.provide(client))), (context) =>
      Context.get(context, SubjectKeys)
    ),
    rows: Effect.orDie(sql<Row>`SELECT * FROM subject_keys ORDER BY subject`),
    insert: (row: Row) => Effect.asVoid(Effect.orDie(sql`INSERT INTO subject_keys ${sql.insert({ ...row })}`)),
    overwrite: ({ version, wrapped }: Row, subject: string) =>
      Effect.orDie(sql`UPDATE subject_keys SET ${sql.update({ version, wrapped })} WHERE subject = ${subject}`).pipe(
        Effect.asVoid
      )
  }
})

describeWith("PostgreSQL", "SubjectKeys: PostgreSQL", () => {
  subjectKeysContract(
    "PostgreSQL",
    Layer.effect(
      Storages,
      Effect.map(Postgres, (server) => ({ empty: Effect.provideService(storage, Postgres, server) }))
    ).pipe(Layer.provide(Postgres.layer))
  )

  it.layer(Postgres.layer)("side by side", (it) => {
    it.effect("gives processes that meet a new subject, and a new database, at once the same key", () =>
      Effect.gen(function* () {
        const shared = yield* storage
        const processes = yield* Effect.all(
          Array.makeBy(5, () => open(shared)),
          { concurrency: "unbounded" }
        )
        const obtained = yield* Effect.forEach(
          Array.makeBy(20, (i) => processes[i % processes.length]!),
          (keys) => keys.obtain(home, one),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(new Set(obtained.map(({ version }) => version)).size, 1)
      })
    )

    it.effect("is not ready without one of its tables, or while what went wrong last goes wrong", () =>
      Effect.gen(function* () {
        const url = yield* (yield* Postgres).database
        const sql = yield* clientOf(url)
        const client = Layer.fresh(PostgresClient.layer(url))
        const keys = yield* open({
          open: Effect.map(Layer.build(Layer.fresh(PostgresKeys.layer).pipe(Layer.provide(client))), (context) =>
            Context.get(context, SubjectKeys)
          )
        } as never)
        const isReady = Effect.map(Effect.exit(keys.ready), Exit.isSuccess)
        assert.isTrue(yield* isReady)
        for (const table of ["subject_keys", "older_subject_keys", "destroyed_subject_keys"]) {
          yield* sql`ALTER TABLE ${sql(table)} RENAME TO elsewhere`
          assert.isFalse(yield* isReady)
          yield* sql`ALTER TABLE elsewhere RENAME TO ${sql(table)}`
          assert.isTrue(yield* isReady)
        }
        yield* sql`ALTER TABLE subject_keys ADD CONSTRAINT full_disk CHECK (version = '')`
        assert.isTrue(yield* isReady)
        yield* Effect.flip(keys.obtain(home, one))
        assert.isFalse(yield* isReady)
        yield* sql`ALTER TABLE subject_keys DROP CONSTRAINT full_disk`
        assert.isTrue(yield* isReady)
      })
    )

    it.effect("seals nothing under a key that another process destroyed, and soon reads nothing either", () =>
      Effect.gen(function* () {
        const shared = yield* storage
        const [here, there] = [yield* open(shared), yield* open(shared)]
        const { version } = yield* here.obtain(home, one)
        yield* there.destroy(home, one)
        assert.notTypeOf(yield* here.find(home, one, version), "string") // the cost of not asking each time, for a moment
        yield* TestClock.adjust(PostgresKeys.beliefMillis)
        assert.strictEqual(yield* here.find(home, one, version), "destroyed")

        const next = yield* here.obtain(home, one)
        yield* there.destroy(home, one)
        here.forget(home, one)
        assert.strictEqual(yield* here.find(home, one, next.version), "destroyed") // at once, for whoever is told
        assert.notStrictEqual((yield* here.obtain(home, one)).version, next.version)
      })
    )
  })

  it.layer(Postgres.layer, { excludeTestServices: true })("away", (it) => {
    it.effect("is unavailable, and works again with the database", () =>
      Effect.gen(function* () {
        const server = yield* Postgres
        const keys = yield* Effect.flatMap(storage, open)
        const { version } = yield* keys.obtain(home, one)
        yield* server.kill()
        assert.strictEqual((yield* Effect.flip(keys.obtain(home, one)))._tag, "SubjectKeysUnavailable")
        yield* server.restart
        assert.strictEqual((yield* keys.obtain(home, one)).version, version)
      })
    )
  })
})
