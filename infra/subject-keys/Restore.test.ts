import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import * as PostgresClient from "#infra/postgres/PostgresClient.ts"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import { describeWith, programOf } from "../../test/servers/Installed.ts"
import { temporaryDirectory } from "../testing/TemporaryDirectory.ts"
import { home, one, open, type Row, same, two } from "./contract.ts"
import * as PostgresKeys from "./Postgres.ts"

const run = promisify(execFile)
const page = readFileSync(join(import.meta.dirname, "../../docs/deploy.md"), "utf8")

/** A line of the page, with this database in place of `$DATABASE_URL`, and files in this folder. */
const asTold = (program: "pg_dump" | "pg_restore", url: Redacted.Redacted, cwd: string) => {
  const [line] = new RegExp(`^ *(${program} .*)$`, "m").exec(page) ?? []
  assert.isDefined(line, `${program} is not on the page`)
  const words = line!
    .trim()
    .replaceAll('"', "")
    .replaceAll("'", "")
    .replace("$DATABASE_URL", Redacted.value(url))
    .split(" ")
  return Effect.promise(() => run(programOf(program)!, words.slice(1), { cwd }))
}

const keysIn = (url: Redacted.Redacted) => {
  const client = Layer.fresh(PostgresClient.layer(url))
  const keys = Layer.build(Layer.fresh(PostgresKeys.layer).pipe(Layer.provide(client)))
  return open({ open: Effect.map(keys, (context) => Context.get(context, SubjectKeys)) } as never)
}
const primaryKeys = (url: Redacted.Redacted) =>
  Effect.flatMap(clientOf(url), (sql) =>
    sql<{ readonly name: string }>`SELECT conrelid::regclass::text AS name FROM pg_constraint
      WHERE contype = 'p' AND conrelid::regclass::text LIKE '%subject_keys%' ORDER BY 1`.pipe(
      Effect.map((rows) => rows.map(({ name }) => name))
    )
  )
const tables = ["destroyed_subject_keys", "older_subject_keys", "subject_keys", "subject_keys_owner"]

describeWith("PostgreSQL", "subject keys that come back from a dump", () => {
  it.layer(Postgres.layer, { excludeTestServices: true })("", (it) => {
    it.effect("have every constraint, and know what was destroyed, when it is done as the page says", () =>
      Effect.gen(function* () {
        const cwd = yield* temporaryDirectory
        const server = yield* Postgres
        const [before, after] = [yield* server.database, yield* server.database]
        const keys = yield* keysIn(before)
        const [kept, gone] = [yield* keys.obtain(home, one), yield* keys.obtain(home, two)]
        yield* keys.destroy(home, two)
        yield* keys.claim("a log")
        yield* asTold("pg_dump", before, cwd)
        yield* asTold("pg_restore", after, cwd)
        assert.deepStrictEqual(yield* primaryKeys(after), tables)
        const restored = yield* keysIn(after)
        assert.isTrue(same(yield* restored.find(home, one, kept.version), kept.key))
        assert.strictEqual(yield* restored.find(home, two, gone.version), "destroyed")
        assert.deepStrictEqual(yield* restored.ownership, { log: "a log", isEmpty: false })
        assert.strictEqual((yield* restored.obtain(home, one)).version, kept.version)
      })
    )

    it.effect("are mended when the table came back alone: one key counts, and none is lost", () =>
      Effect.gen(function* () {
        const cwd = yield* temporaryDirectory
        const server = yield* Postgres
        const [before, after] = [yield* server.database, yield* server.database]
        const kept = yield* Effect.flatMap(keysIn(before), (keys) => keys.obtain(home, one))
        const dump = ["--format=custom", "--file=whole.dump", Redacted.value(before)]
        yield* Effect.promise(() => run(programOf("pg_dump")!, dump, { cwd }))
        const alone = ["--table=subject_keys", `--dbname=${Redacted.value(after)}`, "whole.dump"]
        yield* Effect.promise(() => run(programOf("pg_restore")!, alone, { cwd }))
        assert.deepStrictEqual(yield* primaryKeys(after), [])
        // as a release that did not look let it happen: a second key for the same subject
        const sql = yield* clientOf(after)
        const [row] = yield* (yield* clientOf(before))<Row>`SELECT * FROM subject_keys`
        yield* sql`INSERT INTO subject_keys ${sql.insert({ ...row!, version: "~later" })}`

        const mended = yield* keysIn(after)
        assert.deepStrictEqual(yield* primaryKeys(after), tables)
        assert.isTrue(same(yield* mended.find(home, one, kept.version), kept.key))
        assert.strictEqual((yield* mended.obtain(home, one)).version, kept.version)
        const older = yield* sql<Row>`SELECT * FROM older_subject_keys`
        assert.deepStrictEqual(
          older.map(({ version }) => version),
          ["~later"]
        )
        yield* mended.destroy(home, one)
        assert.strictEqual(yield* mended.find(home, one, "~later"), "destroyed")
      })
    )
  })
})
