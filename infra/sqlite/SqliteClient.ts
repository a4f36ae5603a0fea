import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite"
import { Effect, Layer, Semaphore, Stream } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import { SqlClient, type SqlConnection, SqlError, Statement } from "effect/sql"
import { lru } from "#domain/Lru.ts"
import * as Database from "./Database.ts"

type Options = Omit<Database.Options, "schema">

/**
 * effect/sql on the SQLite that ships with Node: one connection, used by one statement or transaction at a time. The
 * event loop waits with every statement, and for the disk at a commit. A read of an integer beyond 2^53 fails.
 */
export const clientOf = (beginTransaction: string) =>
  Effect.fnUntraced(function* (db: DatabaseSync) {
    return yield* SqlClient.make({
      ...SqlClient.makeSqliteAcquirers({
        connection: Effect.succeed(connectionOf(db)),
        semaphore: yield* Semaphore.make(1),
        isTransaction: () => db.isTransaction
      }),
      compiler: Statement.makeCompilerSqlite(),
      driver: "node-sqlite",
      beginTransaction,
      prepareTransactionControls: true,
      releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
      spanAttributes: [["db.system.name", "sqlite"]]
    })
  })

// A reader that becomes a writer can fail at once, whatever the busy timeout.
const make = (file: string, options: Options) =>
  Effect.flatMap(Database.open(file, options), clientOf("BEGIN IMMEDIATE"))

/** `file` is ":memory:" for none. One process, one client per file. */
export const layer = (file: string, options: Options) =>
  Layer.effect(SqlClient.SqlClient, make(file, options)).pipe(Layer.provide(Reactivity.layer))

/** A database that nobody else sees, and that goes with its scope. */
export const inMemory = Effect.orDie(make(":memory:", { durability: "checkpoint" })).pipe(
  Effect.provide(Reactivity.layer)
)

const statementCapacity = 200

const connectionOf = (db: DatabaseSync): SqlConnection.Connection => {
  const statements = lru<StatementSync>(statementCapacity)
  const prepare = (sql: string) => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const statement = db.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
  return {
    execute: (sql, params, transform) => attempt(() => transformed(rows(prepare(sql), params), transform)),
    executeUnprepared: (sql, params, transform) => attempt(() => transformed(rows(db.prepare(sql), params), transform)),
    executeRaw: (sql, params) => attempt(() => prepare(sql).run({}, ...bound(params))),
    executeValues: (sql, params) => attempt(() => values(prepare(sql), params)),
    executeValuesUnprepared: (sql, params) => attempt(() => values(db.prepare(sql), params)),
    executeStream: () => Stream.die(new Error("node:sqlite does not stream: read a page at a time"))
  }
}

/** node:sqlite refuses by itself what SQLite has no type for. */
const bound = (params: ReadonlyArray<unknown>) => params as ReadonlyArray<SQLInputValue>

// Without the {}, an object as first parameter would be taken for named ones, and NULL be bound.
const rows = (statement: StatementSync, params: ReadonlyArray<unknown>) => statement.all({}, ...bound(params))

const values = (statement: StatementSync, params: ReadonlyArray<unknown>) => {
  statement.setReturnArrays(true)
  try {
    return rows(statement, params) as unknown as ReadonlyArray<ReadonlyArray<unknown>>
  } finally {
    statement.setReturnArrays(false) // the statement is cached, its next user may want objects
  }
}

const transformed = <Row extends object>(
  rows: ReadonlyArray<Row>,
  transform: ((rows: ReadonlyArray<Row>) => ReadonlyArray<Row>) | undefined
) => (transform === undefined ? rows : transform(rows))

const attempt = <A>(evaluate: () => A) =>
  Effect.try({
    try: evaluate,
    catch: (cause) => {
      // Node says `errcode`; the classifier looks for SQLite's extended result code in `errno`.
      if (cause instanceof Error && "errcode" in cause) Object.assign(cause, { errno: cause.errcode })
      return new SqlError.SqlError({ reason: SqlError.classifySqliteError(cause, { operation: "execute" }) })
    }
  })
