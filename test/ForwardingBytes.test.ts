import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { arrived, listed, route, scene, target } from "./ForwardingScene.ts"
import { eventually, folder } from "./Homing.ts"
import { changed, message, post } from "./MetaFixture.ts"
import { receiver } from "./Receiver.ts"

const countOf = (path: string, type: string) => {
  const db = new DatabaseSync(join(path, "log.db"), { readOnly: true })
  try {
    return Number(db.prepare("SELECT COUNT(*) AS n FROM events WHERE type = ?").get(type)!.n)
  } finally {
    db.close()
  }
}
const destroyed = (path: string) => Effect.sync(() => countOf(path, "batch.destroyed.v1"))
/** Of the first request that came. */
const loseFirst = (path: string) => {
  const [log, blobs] = ["log.db", "blobs.db"].map((name) => new DatabaseSync(join(path, name))) as [
    DatabaseSync,
    DatabaseSync
  ]
  const { stream } = log.prepare("SELECT stream FROM events WHERE type = ? ORDER BY position").get("batch.received.v1")!
  assert.strictEqual(blobs.prepare("DELETE FROM blobs WHERE name = ?").run(String(stream).slice(6)).changes, 1)
  for (const db of [log, blobs]) db.close()
}
const body = (id: string, from?: string) => JSON.stringify(changed({ messages: [message(id, id, from)] }))

describe("the bytes of a request", () => {
  it.live("stay until everybody who takes it whole has it, and no longer; another's are not held up by that", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const homing = yield* scene({ rawDays: 0, lookMillis: 100 }, {}, path)
      let isUp = false
      const away = yield* receiver(() => (isUp ? 200 : 503))
      const { id } = yield* target(homing, "away", away.url, { unit: "raw" })
      yield* route(homing, { fields: { messages: ["away"] } })
      const first = body("A", "5511987654321")
      yield* post(homing.url, first)
      yield* arrived(away.arrivals, 2)
      yield* post(homing.url, JSON.stringify(changed({ event: "x" }, "account_update"))) // nobody takes it
      yield* eventually(destroyed(path), (n) => n === 1)
      yield* Effect.sleep("1 second")
      assert.strictEqual(yield* destroyed(path), 1)
      isUp = true
      yield* eventually(destroyed(path), (n) => n === 2)
      assert.strictEqual(away.arrivals.at(-1)!.text, first)
      assert.lengthOf(yield* listed(homing, id, "&status=delivered"), 1)
    })
  )

  it.live("go when it was given up, and what is asked for again then says that they are gone", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const forwarding = { retries: { delaysMillis: [0, 50], lastingMillis: 0 } }
      const homing = yield* scene({ rawDays: 0, lookMillis: 100 }, forwarding, path)
      const away = yield* receiver(() => 500)
      const { id } = yield* target(homing, "away", away.url, { unit: "raw" })
      yield* route(homing, { others: ["away"] })
      yield* post(homing.url, body("A"))
      const [dead] = yield* eventually(listed(homing, id, "&status=dead"), ({ length }) => length === 1)
      yield* eventually(destroyed(path), (n) => n === 1)
      const before = away.arrivals.length
      yield* homing.call("POST", `/v1/deliveries/${dead.id}/redrive`, {})
      const again = yield* eventually(
        Effect.map(homing.call("GET", `/v1/deliveries/${dead.id}`), ({ body }) => body),
        ({ attempts, status }) => status === "dead" && attempts.length > dead.attempts.length
      )
      assert.strictEqual(again.attempts.at(-1).error, "gone")
      assert.lengthOf(away.arrivals, before)
    })
  )

  it.live("that are gone end what waits for them at once, which is told, and whatever waits behind them goes on", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const homing = yield* scene({}, {}, path)
      let isUp = false
      const away = yield* receiver(() => (isUp ? 200 : 503))
      const { id } = yield* target(homing, "away", away.url, { unit: "raw" })
      yield* route(homing, { others: ["away"] })
      for (const name of ["A", "B"]) yield* post(homing.url, body(name))
      yield* eventually(listed(homing, id, "&status=pending"), ({ length }) => length === 2)
      loseFirst(path)
      isUp = true
      const [dead] = yield* eventually(listed(homing, id, "&status=dead"), ({ length }) => length === 1)
      assert.strictEqual(dead.attempts.at(-1).error, "gone")
      yield* eventually(listed(homing, id, "&status=delivered"), ({ length }) => length === 1)
      assert.isTrue(homing.lines.some((line) => line.includes("a delivery is given up") && line.includes("gone")))
      assert.strictEqual(away.arrivals.at(-1)!.text, body("B"))
    })
  )
})
