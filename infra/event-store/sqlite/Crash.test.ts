import { spawn } from "node:child_process"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import type { StreamId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { temporaryDirectory } from "../../testing/TemporaryDirectory.ts"
import * as Sqlite from "./Sqlite.ts"

interface Acknowledged {
  readonly stream: StreamId
  readonly revision: number
  readonly position: string
  readonly eventId: string
}

const rounds = 3
const killAfter = 400

/** Lets another process append for all it can, and kills it once it has acknowledged enough; what it said until then. */
const appendAndKill = (file: string) =>
  Effect.callback<ReadonlyArray<Acknowledged>>((resume) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "../contract/Appender.ts"), file], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    const acknowledged: Array<Acknowledged> = []
    createInterface(child.stdout).on("line", (line) => {
      if (!line.endsWith("}")) return // cut off by the kill
      acknowledged.push(JSON.parse(line))
      if (acknowledged.length === killAfter) child.kill("SIGKILL")
    })
    child.on("close", () => resume(Effect.succeed(acknowledged)))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

describe("the SQLite event store, killed under load", () => {
  it.live("has every append that was acknowledged, and no part of any other", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryDirectory, "log.db")
      const acknowledged: Array<Acknowledged> = []
      for (let round = 0; round < rounds; round++) {
        const added = yield* appendAndKill(file)
        assert.isAtLeast(added.length, killAfter)
        acknowledged.push(...added)

        yield* Effect.scoped(
          Effect.gen(function* () {
            const store = Context.get(yield* Layer.build(Layer.fresh(Sqlite.layer(file))), EventStore)
            for (const [stream, answers] of Map.groupBy(acknowledged, ({ stream }) => stream)) {
              const events = yield* store.read(stream)
              assert.strictEqual(events.length % 2, 0, "appends of two events are whole")
              for (const { eventId, position, revision } of answers) {
                assert.strictEqual(events[revision]?.eventId, eventId)
                assert.strictEqual(`${events[revision]?.position}`, position)
              }
            }
          })
        )
        const db = new DatabaseSync(file)
        assert.deepStrictEqual(Object.values(db.prepare("PRAGMA integrity_check").get()!), ["ok"])
        const [counted] = db.prepare("SELECT COUNT(*) AS rows, MAX(position) AS head FROM events").all()
        assert.strictEqual(counted!.rows, counted!.head)
        db.close()
      }
    })
  )
})
