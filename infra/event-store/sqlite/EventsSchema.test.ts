import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { StreamId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import * as Database from "../../sqlite/Database.ts"
import { temporaryDirectory } from "../../testing/TemporaryDirectory.ts"
import { many, newEvent } from "../contract/Fixtures.ts"
import * as Sqlite from "./Sqlite.ts"

const [a, b] = [StreamId.make("thing-a"), StreamId.make("thing-b")]

/** As logs were before events stood by the first of their stream. */
const withoutOrigins = (file: string) => {
  const db = new DatabaseSync(file)
  db.exec(`CREATE TABLE events (
    position INTEGER PRIMARY KEY, event_id TEXT NOT NULL, stream TEXT NOT NULL, revision INTEGER NOT NULL,
    type TEXT NOT NULL, data TEXT NOT NULL, metadata TEXT NOT NULL, recorded_at TEXT NOT NULL,
    UNIQUE (stream, revision)) STRICT`)
  const insert = db.prepare(
    "INSERT INTO events VALUES (?, ?, ?, ?, 'happened.v1', '{}', '{}', '2026-01-01T00:00:00.000Z')"
  )
  const rows = [
    [1, a, 0],
    [2, b, 0],
    [3, b, 1],
    [4, a, 1],
    [7, a, 2]
  ] as const
  for (const [position, stream, revision] of rows) insert.run(position, `${stream} ${revision}`, stream, revision)
  db.close()
}

describe("a log that was begun without origins", () => {
  it.live("is read and continued as it was", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryDirectory, "log.db")
      withoutOrigins(file)
      const open = Layer.build(Layer.fresh(Sqlite.layer(file)))
      for (const further of [0, 1]) {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const store = Context.get(yield* open, EventStore)
            const placesOf = (stream: StreamId) =>
              Effect.map(store.read(stream), (events) => events.map(({ eventId, position }) => [eventId, position]))
            const before = [
              ["thing-a 0", 1n],
              ["thing-a 1", 4n],
              ["thing-a 2", 7n]
            ]
            assert.deepStrictEqual((yield* placesOf(a)).slice(0, 3), before)
            assert.deepStrictEqual(yield* placesOf(b), [
              ["thing-b 0", 2n],
              ["thing-b 1", 3n]
            ])
            assert.strictEqual((yield* Effect.flip(store.append(a, 1, many(1))))._tag, "WrongExpectedRevision")
            assert.strictEqual(
              (yield* Effect.flip(store.append(b, "no_stream", many(1))))._tag,
              "WrongExpectedRevision"
            )
            assert.deepStrictEqual(yield* store.append(a, 2 + further, many(1)), {
              revision: 3 + further,
              position: BigInt(8 + further)
            })
          })
        )
      }
    })
  )

  it.live("takes no further event without one, as a release that knows none would write", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryDirectory, "log.db")
      withoutOrigins(file)
      yield* Effect.scoped(Layer.build(Layer.fresh(Sqlite.layer(file))))
      const db = new DatabaseSync(file)
      const insert = db.prepare(`INSERT INTO events (event_id, stream, revision, type, data, metadata, recorded_at)
        VALUES ('x', ?, 3, 'happened.v1', '{}', '{}', '2026-01-01T00:00:00.000Z') ON CONFLICT DO NOTHING`)
      assert.throws(() => insert.run(a), /CHECK constraint failed/)
      db.close()
    })
  )
})

/** As logs were before evidence stood beside the data. */
const withoutEvidence = `
  CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY, event_id TEXT NOT NULL, stream TEXT NOT NULL, origin INTEGER, revision INTEGER NOT NULL,
    type TEXT NOT NULL, data TEXT NOT NULL, metadata TEXT NOT NULL, recorded_at TEXT NOT NULL,
    CHECK ((origin IS NULL) = (revision = 0))) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS streams ON events (stream) WHERE revision = 0;
  CREATE UNIQUE INDEX IF NOT EXISTS revisions ON events (origin, revision) WHERE revision > 0;
  CREATE INDEX IF NOT EXISTS others ON events (position) WHERE substr(stream, 1, 8) <> 'message-';`

describe("a log that was begun with evidence in the data", () => {
  it.live("is read as it is, and continued with the bytes beside it", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryDirectory, "log.db")
      const older = Database.connect(file, { durability: "commit", schema: withoutEvidence })
      older
        .prepare("INSERT INTO events VALUES (1, 'x', ?, NULL, 0, 'told.v1', ?, '{}', '2026-01-01T00:00:00.000Z')")
        .run(a, '{"at":"then","evidence":"b2xk"}')
      older.close()
      for (const times of [1, 2]) {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const store = Context.get(yield* Layer.build(Layer.fresh(Sqlite.layer(file))), EventStore)
            yield* store.append(a, times - 1, [newEvent("told.v1", { at: "now", evidence: "bmV3" })])
            assert.deepStrictEqual(
              (yield* store.read(a)).map(({ data }) => data),
              [
                { at: "then", evidence: "b2xk" },
                ...Array.from({ length: times }, () => ({ at: "now", evidence: "bmV3" }))
              ]
            )
          })
        )
      }
      const open = () => Database.connect(file, { durability: "commit", schema: withoutEvidence })
      assert.throws(open, /has not the columns/) // the release before fails, instead of reading events without evidence
    })
  )
})
