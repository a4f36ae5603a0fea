import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { agent, bob, device, own, paired, text } from "./testing/BaileysFixture.ts"

/** All that the credentials file holds, after `change`. */
const rowsAfter = (folder: string, change = "") => {
  const db = new DatabaseSync(join(folder, "auth.db"))
  db.exec(change)
  const rows = db.prepare("SELECT device, hex(name) AS name, hex(box) AS box FROM auth ORDER BY device, name").all()
  db.close()
  return rows.map(({ box, device, name }) => `${device} ${name} ${box}`)
}

/** Ends when nothing is written any more: a session that was just linked writes for a while. */
const untilQuiet = Effect.fnUntraced(function* (folder: string) {
  for (let before = ""; ; yield* Effect.sleep("250 millis")) {
    const now = rowsAfter(folder).join()
    if (now === before) return
    before = now
  }
})

describe("credentials", () => {
  for (const [what, change] of [
    ["are under another device", "UPDATE auth SET device = 'other' WHERE device <> ''"],
    ["are under other names", "UPDATE auth SET name = randomblob(32) WHERE device <> ''"],
    ["are gone", "DELETE FROM auth WHERE device <> ''"],
    ["are others'", "UPDATE auth SET box = (SELECT box FROM auth WHERE device = '') WHERE device <> ''"]
  ] as const) {
    it.live(`of a linked device that ${what} are no log-out: nothing is deleted`, () =>
      Effect.gen(function* () {
        const { folder, stop, world } = yield* paired()
        yield* stop
        const before = rowsAfter(folder, change)
        const again = yield* agent(world)
        assert.strictEqual((yield* Effect.flip(again.openLinked))._tag, "WhatsAppUnavailable")
        yield* again.stop
        assert.deepStrictEqual(again.unread, [])
        assert.deepStrictEqual(rowsAfter(folder), before)
      })
    )
  }

  it.live("that go while the session runs are no log-out; put back, they open it again", () =>
    Effect.gen(function* () {
      const { folder, hears, simulator, unread } = yield* paired()
      yield* untilQuiet(folder)
      rowsAfter(folder, "UPDATE auth SET device = 'other' WHERE device <> ''")
      simulator.drop()
      yield* hears("Disconnected", { reason: "not_opened", final: false })
      rowsAfter(folder, `UPDATE auth SET device = '${device}' WHERE device = 'other'`)
      yield* hears("Connected")
      assert.isFalse(unread.some(({ _tag }) => _tag === "PairingCode"))
    })
  )

  it.live("that a log-out has forgotten are missed by nobody", () =>
    Effect.gen(function* () {
      const { hears, simulator, stop, world } = yield* paired()
      simulator.endStreams(401)
      yield* hears("Disconnected", { reason: "logged_out", final: true })
      yield* stop // before anybody has written that down
      const again = yield* agent(world)
      yield* again.openLinked
      yield* again.hears("Disconnected", { reason: "logged_out", final: true })
      yield* again.pair
      yield* again.stop
      rowsAfter(world.folder, "DELETE FROM auth WHERE device <> ''")
      const last = yield* agent(world)
      assert.strictEqual((yield* Effect.flip(last.openLinked))._tag, "WhatsAppUnavailable")
    })
  )

  it.live("are useless under another key, and not replaced", () =>
    Effect.gen(function* () {
      const { stop, world } = yield* paired()
      yield* stop
      const wrong = yield* Effect.flip(agent(world, { authKey: Redacted.make(new Uint8Array(32)) }))
      assert.strictEqual(wrong._tag, "WhatsAppUnavailable")
      const right = yield* agent(world)
      yield* right.openDevice()
      yield* right.hears("Connected")
    })
  )

  it.live("do not stand in the file in the clear", () =>
    Effect.gen(function* () {
      const { folder, sendText } = yield* paired()
      yield* sendText(1)
      const bytes = Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))))
      for (const word of [own, bob, "noiseKey", "s.whatsapp.net", text.text]) assert.isFalse(bytes.includes(word), word)
    })
  )
})
