import { assert, it } from "@effect/vitest"
import { type Array, Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { SubjectId } from "#domain/Ids.ts"
import { fromMillis, type Instant } from "#domain/Instant.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { Told } from "#domain/region/Told.ts"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import { Databases, emptyDatabase, recorded, sealed, uuid } from "../testing/ViewsFixture.ts"
import * as ConversationRows from "./ConversationRows.ts"
import { fold } from "./Folding.ts"

const name = (letter: string) => SubjectId.make(letter.repeat(43))
const [ana, anaToo, ben] = [name("a"), name("A"), name("b")]

/** As a region told it. Its event is named by what it says, so that two regions may have the same. */
const report = (region: string, event: number, told: Partial<Told> & Pick<Told, "id" | "step">) =>
  ({
    region,
    event: uuid(event),
    type: `homing.${told.step}.v1`,
    cursor: "c",
    time: fromMillis(event),
    told: { names: [], fromMe: false, at: fromMillis(event), ...told },
    whole: sealed
  }) as const

/** A conversation over two regions, with everything that may be done to what was said, and somebody else's. */
const reports = [
  report("br", 1, { id: "one", step: "inbound.text", names: [ana], called: "d W1" }),
  report("br", 2, { id: "edit", step: "inbound.edit", names: [ana], target: "d W1" }),
  report("br", 3, { id: "newer", step: "inbound.edit", names: [ana, anaToo], target: "d W1" }),
  report("br", 4, { id: "love", step: "inbound.reaction", names: [ana], target: "d W1", fromMe: true }),
  report("br", 5, { id: "two", step: "meta.message", names: [ana], called: "meta M2" }),
  report("eu", 5, { id: "two", step: "meta.message", names: [ana], called: "meta M2" }),
  report("eu", 6, { id: "three", step: "message.queued", names: [anaToo], fromMe: true, called: "d W3" }),
  report("eu", 7, { id: "three", step: "message.failed", attempt: 1, fromMe: true }),
  report("eu", 8, { id: "three", step: "message.sent", attempt: 2, fromMe: true }),
  report("br", 9, { id: "gone", step: "inbound.deletion", names: [anaToo], fromMe: true, target: "d W3" }),
  report("br", 10, { id: "not theirs", step: "inbound.deletion", names: [ana], fromMe: true, target: "d W1" }),
  report("br", 11, { id: "of ben", step: "inbound.edit", names: [ben], target: "d W1" }),
  report("eu", 12, { id: "ben's", step: "inbound.text", names: [ben], called: "d W9" }),
  report("eu", 13, { id: "four", step: "meta.echo", names: [ana], fromMe: true, called: "meta M4", at: fromMillis(0) }),
  report("eu", 14, { id: "d", step: "meta.status.delivered", names: [ana], target: "meta M4" }),
  report("br", 15, { id: "s", step: "meta.status.sent", names: [ana], target: "meta M4" })
]

/** The same sequence for the same seed. */
const dice = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}
const shuffled = <A>(all: ReadonlyArray<A>, random: () => number) =>
  all
    .map((one) => [random(), one] as const)
    .toSorted(([one], [other]) => one - other)
    .map(([, one]) => one)

const logged = (all: typeof reports): Array.NonEmptyReadonlyArray<RecordedEvent> =>
  all.map((data, i) =>
    recorded(`region-${uuid(100 + i)}`, 0, BigInt(i + 1), { type: "region.reported.v1", data })
  ) as unknown as Array.NonEmptyReadonlyArray<RecordedEvent>

const written = Effect.fnUntraced(function* (all: typeof reports) {
  const sql = yield* emptyDatabase
  yield* ConversationRows.view.setup(sql)
  yield* ConversationRows.view.writer().apply(sql, logged(all))
  return yield* Effect.provideService(ConversationRows.make, SqlClient.SqlClient, sql)
})

type Rows = Effect.Success<ReturnType<typeof written>>

/** As it is shown, but for where the words stand. */
const shownFrom = Effect.fnUntraced(function* (
  rows: Rows,
  person: SubjectId,
  before?: ConversationRows.Place,
  limit = 100
) {
  const names = yield* rows.namesOf(person)
  const page = yield* rows.entries(names, before, limit)
  const pieces = yield* rows.piecesOf(page.map(({ id }) => id))
  const about = yield* rows.piecesAbout(pieces.flatMap(({ told }) => told.called ?? []))
  return fold(pieces, about, names).map(({ at, deletion, edit, id, reactions, regions, status }) => ({
    id,
    at,
    regions,
    status,
    edit: edit?.pieces[0].told.id,
    deletion: deletion?.pieces[0].told.id,
    reactions: reactions.map(({ pieces: [{ told }] }) => told.id)
  }))
})

const entry = (id: string, at: Instant, more: object) => ({
  id,
  at,
  regions: ["br"],
  status: undefined,
  edit: undefined,
  deletion: undefined,
  reactions: [],
  ...more
})
const oracle = [
  entry("three", fromMillis(6), { regions: ["eu"], status: "sent", deletion: "gone" }),
  entry("two", fromMillis(5), { regions: ["br", "eu"] }),
  entry("one", fromMillis(1), { edit: "newer", reactions: ["love"] }),
  entry("four", fromMillis(0), { regions: ["eu"], status: "delivered" })
]

const contract = <E>(adapter: string, layer: Layer.Layer<Databases, E>) =>
  it.layer(layer, { excludeTestServices: true })(adapter, (it) => {
    it.effect("a conversation is the same in whatever order, and however often, regions told it", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* shownFrom(yield* written(reports), ana), oracle)
        for (let seed = 1; seed <= 12; seed++) {
          const random = dice(seed)
          const again = reports.filter(() => random() < 0.4)
          const rows = yield* written(shuffled([...reports, ...again], random))
          assert.deepStrictEqual(yield* shownFrom(rows, ana), oracle, `seed ${seed}`)
          assert.deepStrictEqual(yield* shownFrom(rows, anaToo), oracle, `seed ${seed}`)
          assert.deepStrictEqual(
            (yield* shownFrom(rows, ben)).map(({ id }) => id),
            ["ben's"]
          )
          assert.deepStrictEqual(yield* rows.reached, [
            { region: "br", time: fromMillis(15) },
            { region: "eu", time: fromMillis(14) }
          ])
        }
      })
    )

    it.effect("is read in pages, each entry once", () =>
      Effect.gen(function* () {
        const rows = yield* written(reports)
        const found: globalThis.Array<string> = []
        for (let before: ConversationRows.Place | undefined; ; ) {
          const page = yield* shownFrom(rows, ana, before, 1)
          if (page.length === 0) break
          before = page.at(-1)
          found.push(...page.map(({ id }) => id))
        }
        assert.deepStrictEqual(
          found,
          oracle.map(({ id }) => id)
        )
      })
    )
  })

const inMemory = Layer.build(Layer.fresh(SqliteClient.layer(":memory:", { durability: "checkpoint" }))).pipe(
  Effect.map((context) => Context.get(context, SqlClient.SqlClient)),
  Effect.orDie
)
contract("SQLite", Layer.succeed(Databases, { empty: inMemory }))

describeWith("PostgreSQL", "conversations", () => {
  contract(
    "PostgreSQL",
    Layer.effect(
      Databases,
      Effect.map(Postgres, ({ database }) => ({ empty: Effect.flatMap(database, (url) => clientOf(url)) }))
    ).pipe(Layer.provide(Postgres.layer))
  )
})
