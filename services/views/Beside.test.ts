import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { EventId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as SqliteEventStore from "#infra/event-store/sqlite/Sqlite.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import * as ListedRows from "../messages/ListedRows.ts"
import * as MessagesRows from "../messages/MessagesRows.ts"
import { QueueDepth } from "../messages/QueueDepth.ts"
import { Home } from "../tables/Home.ts"
import { lack } from "../tables/Shape.ts"
import { altered, Databases, emptyDatabase, home, provenance, queued, reported, uuid } from "../testing/ViewsFixture.ts"
import * as Projections from "./Projections.ts"
import { Views } from "./Views.ts"

const everything = { client: undefined, status: undefined, device: undefined, after: undefined, limit: 1_000 }
const { tables, version } = MessagesRows.view

/** More than a page of those that are made beside. */
const many = 260

const append = Effect.fnUntraced(function* ({ data, metadata, revision, stream, type }: RecordedEvent) {
  const eventId = EventId.make(uuid(Number(stream.slice(-12)) * 10 + revision))
  const event = { eventId, type, data, metadata: { ...metadata, actor: { kind: "api_key" as const, id: "nobody" } } }
  const { position } = yield* (yield* EventStore).append(stream, revision === 0 ? "no_stream" : revision - 1, [event])
  return position
})

/** What one process has written, in the order in which its writers began: live rows, those beside, live ones again. */
interface Heard {
  readonly writers: Array<number>
}

/** A gateway on these rows, of a release that knows them as this version. The rows beside wait before a page of theirs. */
const life = (
  sql: SqlClient.SqlClient,
  [known, readableFrom]: readonly [number, number | undefined],
  before: (page: number) => Effect.Effect<void> = () => Effect.void
) => {
  const heard: Heard = { writers: [] }
  const layer = Projections.layer(
    altered(QueueDepth.layer, (rows) => ({
      ...rows,
      version: known,
      ...(readableFrom !== undefined && { readableFrom }),
      writer: () => {
        const own = rows.writer()
        const nth = heard.writers.push(0) - 1
        let page = 0
        return {
          ...own,
          apply: (sql, events) => {
            const isBeside = nth === 1 && readableFrom !== undefined
            return Effect.andThen(
              isBeside ? before(page++) : Effect.void,
              Effect.tap(own.apply(sql, events), () =>
                Effect.sync(() => {
                  heard.writers[nth]! += events.length
                })
              )
            )
          }
        }
      }
    }))
  ).pipe(
    Layer.provide([InProcessLeases.layer, provenance]),
    Layer.provide(Layer.succeed(SqlClient.SqlClient, sql)),
    Layer.provide(Layer.succeed(Home, { name: "a place", remedy: () => "", pristine: SqliteClient.inMemory }))
  )
  return { heard, layer }
}

const standing = (sql: SqlClient.SqlClient) =>
  Effect.map(
    sql<{ readonly view_name: string; readonly view_version: number }>`SELECT * FROM checkpoints ORDER BY view_name`,
    (rows) => rows.map(({ view_name, view_version }) => [view_name, view_version])
  )
const until = <E, R>(is: Effect.Effect<boolean, E, R>) =>
  Effect.repeat(is, { until: (yes) => yes, schedule: Schedule.spaced("10 millis") })
const isOver = (sql: SqlClient.SqlClient, known: number) =>
  until(Effect.map(standing(sql), (rows) => rows.length === 1 && rows[0]![1] === known))
const shown = (sql: SqlClient.SqlClient) =>
  Effect.map(ListedRows.list(sql, everything), (rows) =>
    rows.map(({ document }) => [document!.id as string, document!.reports.map(({ kind }) => kind).join()])
  )
const leftOver = (sql: SqlClient.SqlClient) =>
  Effect.map(
    sql.onDialectOrElse({
      pg: () =>
        sql<{ readonly name: string }>`SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()`,
      orElse: () => sql<{ readonly name: string }>`SELECT name FROM sqlite_master WHERE type = 'table'`
    }),
    (rows) => rows.map(({ name }) => name).filter((name) => /__(next|old)$/.test(name))
  )

const besideContract = <E>(adapter: string, databases: Layer.Layer<Databases, E>) =>
  it.layer(Layer.merge(databases, Layer.fresh(SqliteEventStore.layer(":memory:"))), { excludeTestServices: true })(
    `rows beside on ${adapter}`,
    (it) => {
      it.effect("are made while the others are read and written, take their place, and go on after a crash", () =>
        Effect.gen(function* () {
          const sql = yield* emptyDatabase
          let last = 0n
          for (let n = 1; n <= many; n++) last = yield* append(queued(n, 0n, home))
          const first = life(sql, [version, undefined])
          yield* Effect.andThen(Views, (views) => views.written(last)).pipe(Effect.provide(first.layer), Effect.scoped)
          assert.deepStrictEqual(yield* standing(sql), [["messages", version]])

          // the process ends before the second page
          const reached = yield* Deferred.make<void>()
          const second = life(sql, [version + 1, version], (page) =>
            page === 0 ? Effect.void : Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
          )
          yield* Effect.gen(function* () {
            const views = yield* Views
            yield* Deferred.await(reached)
            assert.deepStrictEqual(views.making()?.views, ["messages"])
          }).pipe(Effect.provide(second.layer), Effect.scoped)
          assert.deepStrictEqual(yield* standing(sql), [
            ["messages", version],
            ["messages__next", version + 1]
          ])
          const written = second.heard.writers[1]!
          assert.isAbove(written, 0)

          // the next one goes on with the rest; meanwhile lists are as true as before
          const gate = yield* Deferred.make<void>()
          const third = life(sql, [version + 1, version], () => Deferred.await(gate))
          yield* Effect.gen(function* () {
            const views = yield* Views
            yield* until(Effect.sync(() => views.making() !== undefined))
            yield* append(reported(1, 1, 0n, "sent"))
            const now = yield* append(queued(many + 1, 0n, home))
            if (adapter !== "SQLite") {
              // SQLite has one connection: a transaction that waits holds all
              yield* views.written(now)
              assert.strictEqual((yield* shown(sql))[0]![0], uuid(many + 1))
              assert.deepStrictEqual((yield* standing(sql)).length, 2)
            }
            yield* Deferred.succeed(gate, undefined)
            yield* isOver(sql, version + 1)
            yield* views.written(now)
            yield* until(Effect.map(leftOver(sql), ({ length }) => length === 0))
            assert.isUndefined(views.making())
          }).pipe(Effect.provide(third.layer), Effect.scoped)
          const rest = third.heard.writers[1]! // what came last may have been written by the next writer
          assert.isTrue(rest >= many - written && rest <= many - written + 2, String(rest))

          // once more: the rows are the same, and what they are made of is whole
          const before = yield* shown(sql)
          assert.deepStrictEqual([before.length, before.at(-1)], [many + 1, [uuid(1), "sent"]])
          const fourth = life(sql, [version + 2, version + 1])
          yield* isOver(sql, version + 2).pipe(Effect.provide(fourth.layer), Effect.scoped)
          assert.deepStrictEqual(yield* shown(sql), before)
          const names = tables.map(({ name }) => name)
          const lacking = lack(sql, MessagesRows.view.setup, names).pipe(
            Effect.provideService(Home, { name: "a place", remedy: () => "", pristine: SqliteClient.inMemory })
          )
          assert.isUndefined(yield* lacking)

          // a release that cannot read them begins where they stand
          const fifth = life(sql, [version + 4, version + 3])
          yield* isOver(sql, version + 4).pipe(Effect.provide(fifth.layer), Effect.scoped)
          assert.strictEqual(fifth.heard.writers.length, 1)
        })
      )
    }
  )

describe("rows beside", () => {
  const inMemory = Layer.build(Layer.fresh(SqliteClient.layer(":memory:", { durability: "checkpoint" }))).pipe(
    Effect.map((context) => Context.get(context, SqlClient.SqlClient)),
    Effect.orDie
  )
  besideContract("SQLite", Layer.succeed(Databases, { empty: inMemory }))
})

describeWith("PostgreSQL", "rows beside", () => {
  besideContract(
    "PostgreSQL",
    Layer.effect(
      Databases,
      Effect.map(Postgres, ({ database }) => ({ empty: Effect.flatMap(database, (url) => clientOf(url)) }))
    ).pipe(Layer.provide(Postgres.layer))
  )
})
