import { renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { temporaryDirectory } from "../testing/TemporaryDirectory.ts"
import * as Database from "./Database.ts"
import * as GroupCommit from "./GroupCommit.ts"

const opened = Effect.gen(function* () {
  const file = join(yield* temporaryDirectory, "test.db")
  const db = yield* Database.open(file, { durability: "commit" })
  db.exec("CREATE TABLE numbers (n INTEGER PRIMARY KEY) STRICT")
  return { file, db, other: yield* Database.open(file, { durability: "commit" }) }
})

const insert = (db: DatabaseSync, n: number) => () => {
  db.prepare("INSERT INTO numbers VALUES (?)").run(n)
  return n
}
const stored = (db: DatabaseSync) =>
  db
    .prepare("SELECT n FROM numbers ORDER BY n")
    .all()
    .map(({ n }) => n)

/** A disk with no room for another page. */
const fullDisk = (db: DatabaseSync) =>
  Effect.sync(() => {
    db.exec("CREATE TABLE blobs (id INTEGER PRIMARY KEY, n INTEGER, b BLOB) STRICT")
    const [pages] = db.prepare("PRAGMA page_count").all()
    db.exec(`PRAGMA max_page_count = ${pages!.page_count}`)
    return {
      large: (n: number) => () => db.prepare("INSERT INTO blobs (n, b) VALUES (?, zeroblob(100000))").run(n),
      makeRoom: () => db.exec("PRAGMA max_page_count = 100000"),
      order: (of: DatabaseSync) =>
        of
          .prepare("SELECT n FROM blobs ORDER BY id")
          .all()
          .map(({ n }) => n)
    }
  })

describe("GroupCommit", () => {
  it.effect("commits writes that arrive together at once, tells the hook, then each writer", () =>
    Effect.gen(function* () {
      const { db, other } = yield* opened
      const heard: Array<unknown> = []
      const group = yield* GroupCommit.make<number>(db, (results) => heard.push([...results], stored(other)))
      const answers = yield* Effect.forEach(
        [1, 2, 3],
        (n) => Effect.tap(group.write(insert(db, n)), (answer) => Effect.sync(() => heard.push(answer))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(answers, [1, 2, 3])
      assert.deepStrictEqual(heard, [[1, 2, 3], [1, 2, 3], 1, 2, 3])
    })
  )

  it.effect("waits for writers that come turn by turn, where several came together before", () =>
    Effect.gen(function* () {
      const { db } = yield* opened
      const batches: Array<ReadonlyArray<number>> = []
      const group = yield* GroupCommit.make<number>(db, (results) => batches.push(results))
      const write = (n: number) => Effect.forkChild(group.write(insert(db, n)), { startImmediately: true })
      const turn = Effect.promise(() => new Promise(setImmediate))
      const inTurn = (numbers: ReadonlyArray<number>) =>
        Effect.flatMap(
          Effect.forEach(numbers, (n) => Effect.tap(write(n), () => turn)),
          Fiber.joinAll
        )
      yield* inTurn([1, 2]) // the first is alone, and so is the second
      yield* Effect.forEach([3, 4], (n) => group.write(insert(db, n)), { concurrency: "unbounded" })
      yield* inTurn([5, 6, 7])
      assert.deepStrictEqual(batches, [[1], [2], [3, 4], [5, 6, 7]])
    })
  )

  it.effect("undoes a write that throws, whole and alone, and runs the others", () =>
    Effect.gen(function* () {
      const { db, other } = yield* opened
      const group = yield* GroupCommit.make(db)
      const cause = new Error("no")
      const half = () => {
        insert(db, 10)()
        throw cause
      }
      const exits = yield* Effect.forEach(
        [insert(db, 1), half, insert(db, 2), insert(db, 1)],
        (write) => Effect.exit(group.write(write)),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, false, true, false])
      const failure = yield* Effect.flip(exits[1]!)
      assert.deepStrictEqual([failure._tag, failure.written, failure.cause], ["CommitFailed", "no", cause])
      assert.deepStrictEqual(stored(other), [1, 2])
    })
  )

  it.effect("fails every write of a batch that cannot be committed, with its cause, and recovers", () =>
    Effect.gen(function* () {
      const { db, other } = yield* opened
      db.exec("CREATE TABLE children (n INTEGER REFERENCES numbers DEFERRABLE INITIALLY DEFERRED) STRICT")
      const heard: Array<unknown> = []
      const group = yield* GroupCommit.make(db, (results) => heard.push(...results))
      const orphan = () => db.exec("INSERT INTO children VALUES (99)") // noticed only by COMMIT
      const failures = yield* Effect.forEach(
        [insert(db, 1), orphan],
        (write) => Effect.flip(group.write<unknown>(write)),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        failures.map(({ written, cause }) => [written, (cause as Error).message]),
        [1, 2].map(() => ["unknown", "FOREIGN KEY constraint failed"])
      )
      assert.strictEqual(yield* group.write(insert(db, 2)), 2)
      assert.deepStrictEqual(heard, [2])
      assert.deepStrictEqual(stored(other), [2])
    })
  )

  it.effect("says for certain that a full disk stored nothing", () =>
    Effect.gen(function* () {
      const { db, other } = yield* opened
      db.exec("CREATE TABLE blobs (b BLOB) STRICT")
      const group = yield* GroupCommit.make<unknown>(db)
      const [pages] = db.prepare("PRAGMA page_count").all()
      db.exec(`PRAGMA max_page_count = ${pages!.page_count}`)
      const large = () => db.exec("INSERT INTO blobs VALUES (zeroblob(100000))")
      const exits = yield* Effect.forEach([insert(db, 1), large], (write) => Effect.exit(group.write<unknown>(write)), {
        concurrency: "unbounded"
      })
      const failure = yield* Effect.flip(exits[1]!)
      assert.strictEqual(failure.written, "no")
      assert.strictEqual(Exit.isSuccess(exits[0]!), stored(other).length === 1)
      db.exec("PRAGMA max_page_count = 100000")
      yield* group.write(large)
    })
  )

  it.effect("stores nothing in a file that was removed or replaced, and says so, until it is back", () =>
    Effect.gen(function* () {
      const { db, file } = yield* opened
      const { write } = yield* GroupCommit.make(db)
      yield* write(insert(db, 1))
      for (const replace of [() => {}, () => writeFileSync(file, "")]) {
        renameSync(file, `${file}.aside`)
        replace()
        const { cause, written } = yield* Effect.flip(write(insert(db, 2)))
        assert.match(String(cause), /^Error: test\.db was removed or replaced/)
        assert.strictEqual(written, "no")
        renameSync(`${file}.aside`, file)
      }
      yield* write(insert(db, 3))
      assert.deepStrictEqual(stored(db), [1, 3])
    })
  )

  it.effect("lets a deferred write ride on the next commit", () =>
    Effect.gen(function* () {
      const { db, other } = yield* opened
      const group = yield* GroupCommit.make(db)
      yield* group.soon(insert(db, 1))
      yield* Effect.promise(() => new Promise(setImmediate))
      assert.deepStrictEqual(stored(other), [])
      yield* group.write(insert(db, 2))
      assert.deepStrictEqual(stored(other), [1, 2])
    })
  )

  it.effect("lets who can wait a little ride on the next commit, and tells them when it is durable, or failed", () =>
    Effect.gen(function* () {
      const { db, other } = yield* opened
      const group = yield* GroupCommit.make(db)
      const riding = yield* Effect.forkChild(
        Effect.tap(group.along(insert(db, 1)), () => group.along(insert(db, 2))),
        {
          startImmediately: true
        }
      )
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(() => setImmediate(resolve))))
      assert.deepStrictEqual(stored(other), [])
      yield* group.write(insert(db, 3))
      assert.deepStrictEqual(stored(other), [1, 3])
      assert.strictEqual(yield* Fiber.join(riding), 1) // what it went on with has left by itself
      assert.deepStrictEqual(stored(other), [1, 2, 3])
      assert.strictEqual((yield* Effect.flip(group.along(insert(db, 3)))).written, "no")
    })
  )

  it.effect("lets what a woken writer defers wait for the next commit as well", () =>
    Effect.gen(function* () {
      const { db, other } = yield* opened
      const group = yield* GroupCommit.make(db)
      yield* Effect.andThen(group.write(insert(db, 1)), group.soon(insert(db, 2)))
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(() => setImmediate(resolve))))
      assert.deepStrictEqual(stored(other), [1])
      yield* group.write(insert(db, 3))
      assert.deepStrictEqual(stored(other), [1, 2, 3])
    })
  )

  it.effect("commits a deferred write by itself when no other comes", () =>
    Effect.gen(function* () {
      const { db, other } = yield* opened
      const committed = Promise.withResolvers<unknown>()
      const group = yield* GroupCommit.make<unknown>(db, committed.resolve)
      yield* group.soon(insert(db, 1))
      yield* Effect.promise(() => committed.promise)
      assert.deepStrictEqual(stored(other), [1])
    })
  )

  it.effect("commits before a read all that was queued, however much it is", () =>
    Effect.gen(function* () {
      const { db, other } = yield* opened
      const group = yield* GroupCommit.make(db)
      const numbers = Array.from({ length: 1_200 }, (_, n) => n)
      for (const n of numbers) yield* group.soon(insert(db, n))
      yield* group.flush
      assert.deepStrictEqual(stored(other), numbers)
    })
  )

  it.effect("keeps deferred writes while nothing can be stored, and stores them in their order, by itself", () =>
    Effect.gen(function* () {
      const { db, other } = yield* opened
      const committed = Promise.withResolvers<unknown>()
      const group = yield* GroupCommit.make<unknown>(db, committed.resolve)
      const disk = yield* fullDisk(db)
      for (const n of [3, 1, 2]) yield* group.soon(disk.large(n))
      yield* group.flush
      assert.strictEqual((yield* Effect.flip(group.write(insert(db, 4)))).written, "no") // it may not overtake them
      assert.deepStrictEqual([stored(other), disk.order(other)], [[], []])
      yield* group.soon(disk.large(4))
      disk.makeRoom()
      yield* Effect.promise(() => committed.promise)
      assert.deepStrictEqual(disk.order(other), [3, 1, 2, 4])
    })
  )

  it.effect("loses a deferred write that is itself at fault, alone", () =>
    Effect.gen(function* () {
      const { db, other } = yield* opened
      const group = yield* GroupCommit.make(db)
      yield* group.write(insert(db, 1))
      for (const n of [2, 1, 3]) yield* group.soon(insert(db, n))
      yield* group.flush
      assert.deepStrictEqual(stored(other), [1, 2, 3])
    })
  )

  it.effect("ends, though what it kept cannot be stored", () =>
    Effect.gen(function* () {
      const { db, other } = yield* opened
      const scope = yield* Scope.make()
      const group = yield* Scope.provide(GroupCommit.make<unknown>(db), scope)
      const disk = yield* fullDisk(db)
      yield* group.soon(disk.large(1))
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(disk.order(other), [])
    })
  )

  it.effect("commits on close what was kept, if it can be stored by then", () =>
    Effect.gen(function* () {
      const { db, other } = yield* opened
      const scope = yield* Scope.make()
      const group = yield* Scope.provide(GroupCommit.make<unknown>(db), scope)
      const disk = yield* fullDisk(db)
      yield* group.soon(disk.large(1))
      yield* group.flush
      disk.makeRoom()
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(disk.order(other), [1])
    })
  )

  it.effect("commits on close what is queued, and refuses what comes after", () =>
    Effect.gen(function* () {
      const { db, other } = yield* opened
      const scope = yield* Scope.make()
      const group = yield* Scope.provide(GroupCommit.make(db), scope)
      yield* group.soon(insert(db, 1))
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(stored(other), [1])
      const refused = yield* Effect.flip(group.write(insert(db, 2)))
      assert.strictEqual(refused.written, "no")
      assert.deepStrictEqual(stored(other), [1])
    })
  )
})
