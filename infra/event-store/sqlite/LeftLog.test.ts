import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer } from "effect"
import * as Database from "../../sqlite/Database.ts"
import { temporaryDirectory } from "../../testing/TemporaryDirectory.ts"
import { setUp } from "./EventsSchema.ts"
import * as LeftLog from "./LeftLog.ts"

it.effect("a log that holds anything is refused; what a start that was refused has left is not", () =>
  Effect.gen(function* () {
    const file = join(yield* temporaryDirectory, "log.db")
    const isRefused = Effect.map(
      Effect.exit(Effect.scoped(Layer.build(LeftLog.refused(file, "EVENTSTORE_URL")))),
      Exit.isFailure
    )
    assert.isFalse(yield* isRefused)
    writeFileSync(file, "")
    assert.isFalse(yield* isRefused)
    const db = Database.connect(file, { durability: "commit", schema: setUp })
    const insert = db.prepare(
      `INSERT INTO events (position, event_id, stream, revision, type, data, metadata, recorded_at)
       VALUES (?, ?, ?, 0, 'happened.v1', '{}', '{}', '2026-01-01T00:00:00.000Z')`
    )
    insert.run(1, "a", "store-1")
    assert.isFalse(yield* isRefused)
    insert.run(2, "b", "client-1")
    assert.isTrue(yield* isRefused)
    db.close()
    assert.isTrue(yield* isRefused)
    writeFileSync(file, "no database")
    assert.isTrue(yield* isRefused)
  })
)
