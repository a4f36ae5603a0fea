import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { scanner } from "./Canaries.ts"
import { eventually, folder, life } from "./Homing.ts"
import { changed, contact, message, post } from "./MetaFixture.ts"
import { atLeast, countOf, gateway, text, told } from "./MetaKept.ts"

describe("what Meta tells, kept", () => {
  it.live("stands in no file in the clear, and its bytes are gone when their time is over", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const words = { said: "the zanzibar quokka", friend: "60123987651", name: "Quetzalcoatl Bilberry" }
      const { inFolder, inText } = scanner(words)
      const body = text(
        changed({ contacts: [contact(words.friend, words.name)], messages: [message("A", words.said, words.friend)] })
      )
      assert.lengthOf(inText("what is posted", body), 3)
      const first = yield* life
      const homing = yield* first.during(gateway(path))
      assert.strictEqual((yield* post(homing.url, body)).status, 200)
      yield* eventually(told(homing), atLeast(1))
      yield* eventually(
        Effect.sync(() => countOf(path, "batch.split.v1")),
        (count) => count === 1
      )
      const { files, findings } = inFolder(path)
      assert.include(files, "blobs.db")
      assert.deepStrictEqual(findings, [])
      yield* first.end
      const blobs = () => {
        const db = new DatabaseSync(join(path, "blobs.db"), { readOnly: true })
        try {
          return db.prepare("SELECT (SELECT count(*) FROM blobs) + (SELECT count(*) FROM chunks) AS n").get()!.n
        } finally {
          db.close()
        }
      }
      assert.strictEqual(blobs(), 2)
      const later = yield* gateway(path, { rawDays: 0 })
      yield* eventually(
        Effect.sync(() => countOf(path, "batch.destroyed.v1")),
        (count) => count === 1
      )
      assert.strictEqual(blobs(), 0)
      // what comes again then is known, and leaves nothing behind
      assert.strictEqual((yield* post(later.url, body)).status, 200)
      assert.strictEqual(blobs(), 0)
      assert.lengthOf(yield* told(later), 1)
    })
  )

  it.live("is taken apart on from where the database says that it was, whatever this process believed", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const homing = yield* gateway(path)
      const tell = (id: string) => post(homing.url, text(changed({ messages: [message(id, "hello")] })))
      yield* tell("A")
      const views = yield* Effect.acquireRelease(
        Effect.sync(() => new DatabaseSync(join(path, "views.db"), { timeout: 5_000 })),
        (db) => Effect.sync(() => db.close())
      )
      const reached = Effect.sync(() => {
        const row = views.prepare("SELECT position FROM meta_checkpoints WHERE name = 'split'").get()
        return row === undefined ? -1 : Number(row.position)
      })
      const before = yield* eventually(reached, (position) => position >= 0)
      // as after a failover, or a commit whose answer was lost
      views.exec("UPDATE meta_checkpoints SET position = '0' WHERE name = 'split'")
      yield* tell("B")
      yield* eventually(reached, (position) => position > before)
      assert.lengthOf(yield* told(homing), 2)
      assert.strictEqual(countOf(path, "batch.split.v1"), 2)
    })
  )
})
