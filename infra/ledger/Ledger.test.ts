import { readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Array, Cause, Context, Effect, Layer } from "effect"
import { concat, lengthPrefixed, utf8 } from "#domain/Bytes.ts"
import { Ledger, type LedgerEntry } from "#domain/ports/Ledger.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { sealedBlobs } from "#infra/crypto/SealedBlob.ts"
import { vaultOf } from "../testing/Secrets.ts"
import { temporaryDirectory } from "../testing/TemporaryDirectory.ts"
import { newFact } from "./contract/Facts.ts"
import { newEntry, newReport, Outage, plain } from "./contract/Fixtures.ts"
import { ledgerContract } from "./contract.ts"
import * as Sqlite from "./Sqlite.ts"

const ledgerOf = (file: string, secret = 1, options?: Parameters<typeof Sqlite.layer>[1]) =>
  Layer.provide(Sqlite.layer(file, options), [NodeCrypto.layer, vaultOf(secret)])
const temporaryFile = Effect.map(temporaryDirectory, (directory) => join(directory, "ledger.db"))
const open = (...options: Parameters<typeof ledgerOf>) =>
  Effect.map(Layer.build(Layer.fresh(ledgerOf(...options))), (context) => Context.get(context, Ledger))

/** The last frame of each commit in a write-ahead log says how large the database is then. */
const commitsIn = (wal: string): number => {
  const bytes = readFileSync(wal)
  const frame = 24 + bytes.readUInt32BE(8)
  let commits = 0
  for (let at = 32; at + frame <= bytes.length; at += frame) if (bytes.readUInt32BE(at + 4) > 0) commits++
  return commits
}

const outageOf = (file: string) => {
  const run = (statement: string) =>
    Effect.sync(() => {
      const db = new DatabaseSync(file)
      db.exec(statement)
      db.close()
    })
  const [begin, end] = [run("ALTER TABLE entries RENAME TO away"), run("ALTER TABLE away RENAME TO entries")]
  return Layer.succeed(Outage, { begin, end })
}
const withOutage = (file: string) => Layer.merge(ledgerOf(file), outageOf(file))
ledgerContract("SQLite", Layer.unwrap(Effect.map(temporaryFile, withOutage)))

describe("the SQLite ledger", () => {
  it.effect("survives a restart, and what was deferred is committed on close", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const entry = newEntry("store:0")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const ledger = yield* open(file)
          yield* ledger.accept([entry])
          const { epoch, position } = entry
          yield* ledger.changeSoon([{ epoch, position, state: "acked", at: entry.acceptedAt, reports: [newReport()] }])
        })
      )
      const ledger = yield* open(file)
      const found = yield* ledger.findSent(entry.waMessageId)
      assert.deepStrictEqual([found!.state, found!.to, [...found!.bytes]], ["acked", entry.to, [...entry.bytes]])
      assert.strictEqual((yield* ledger.unacknowledged(10)).length, 1)
    })
  )

  it.effect("writes nothing personal in the clear", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const ledger = yield* open(file)
      const entry = newEntry("store:0", { bytes: new TextEncoder().encode("a secret text") })
      yield* ledger.accept([entry])
      const { commandId, device, epoch, position } = entry
      const pairing = { method: "code", phone: entry.to.address } as const
      yield* ledger.saveDevice(
        { device, commandId, epoch, position, attempt: 1, reported: 0, standing: "open", pairing },
        []
      )
      yield* ledger.facts.keep([newFact("a secret text", "9000021234")])
      const written = Buffer.concat([readFileSync(file), readFileSync(`${file}-wal`)]).toString("latin1")
      assert.include(written, entry.waMessageId)
      for (const personal of ["60123456789", "a secret text", "9000021234"]) assert.notInclude(written, personal)
    })
  )

  it.effect("does not open entries under another secret, or moved to another place", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const [one, two] = [newEntry("store:0"), newEntry("store:0")]
      yield* Effect.scoped(Effect.flatMap(open(file), (ledger) => ledger.accept([one, two])))
      const db = new DatabaseSync(file)
      for (const _ of ["with its proof", "as an older release left it"]) {
        const stranger = yield* Effect.scoped(Effect.flip(open(file, 2)))
        assert.match(String(stranger), /not encrypted under the secret ledger that is here/)
        db.exec("DELETE FROM proof")
      }
      db.prepare(
        "UPDATE entries SET personal = (SELECT personal FROM entries WHERE position = ?) WHERE position = ?"
      ).run(one.position, two.position)
      db.close()
      const ledger = yield* open(file)
      yield* ledger.findSent(one.waMessageId)
      const defect = yield* Effect.flip(Effect.sandbox(ledger.findSent(two.waMessageId)))
      assert.include(String(Cause.squash(defect)), two.commandId)
    })
  )

  it.effect("believes no column that is not as it was written, and says which file to restore", () =>
    Effect.gen(function* () {
      const other = newEntry("store:0")
      const columns: Record<string, string | number> = {
        command_id: other.commandId,
        message: other.message,
        device: other.device,
        subject: "t".repeat(43),
        wa_message_id: other.waMessageId,
        accepted_at: "1970-01-01T00:00:01.001Z",
        expires_at: "1970-01-01T00:00:09.001Z",
        state: "zzz",
        attempt: 0,
        attempted_at: "zzzz"
      }
      for (const [column, value] of Object.entries(columns)) {
        const file = yield* temporaryFile
        yield* Effect.scoped(Effect.flatMap(open(file), (ledger) => ledger.accept([newEntry("store:0")])))
        const db = new DatabaseSync(file)
        db.prepare(`UPDATE entries SET ${column} = ?`).run(value)
        db.close()
        const ledger = yield* open(file)
        const { cause } = yield* Effect.flip(ledger.unfinished("store:0"))
        assert.match(String(cause), /ledger\.db.* is not what was written\. Restore it from a backup/, column)
      }
    })
  )

  it.effect("opens entries of before, which were bound to their command alone", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const entry = newEntry("store:0")
      yield* Effect.scoped(Effect.flatMap(open(file), (ledger) => ledger.accept([entry])))
      const { crypto } = NodeCrypto
      const blobs = sealedBlobs(crypto, crypto.cipherKey(new Uint8Array(32).fill(1)))
      const recipient = utf8(JSON.stringify(entry.to))
      const personal = concat(Uint8Array.of(0, recipient.length), recipient, entry.bytes)
      const place = lengthPrefixed("homing/ledger/entry/1", entry.epoch, `${entry.position}`, entry.commandId)
      const db = new DatabaseSync(file)
      db.prepare("UPDATE entries SET personal = ?").run(blobs.seal(personal, place))
      db.close()
      const ledger = yield* open(file)
      assert.deepStrictEqual((yield* ledger.unfinished("store:0")).map(plain), [plain(entry)])
    })
  )

  it.effect("commits words that come together together, though each is looked up first", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const ledger = yield* open(file)
      const entries = Array.makeBy(200, () => newEntry("store:0", { state: "attempting" }))
      yield* ledger.accept(entries)
      const before = commitsIn(`${file}-wal`)
      const hear = ({ waMessageId }: LedgerEntry) =>
        Effect.flatMap(ledger.findSent(waMessageId), (found) => {
          const { acceptedAt: at, epoch, position } = found!
          return ledger.change([{ epoch, position, state: "acked", at, reports: [newReport()] }])
        })
      yield* Effect.forEach(entries, hear, { concurrency: "unbounded" })
      assert.isAtMost(commitsIn(`${file}-wal`) - before, 2)
    })
  )

  it.effect("lets the oldest that devices heard go when there is no room for more, also after a restart", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const facts = Array.makeBy(20, (n) => newFact("x".repeat(1_000 + n)))
      const forgotten: globalThis.Array<string> = []
      for (const fact of facts) {
        const kept = yield* Effect.scoped(
          Effect.flatMap(open(file, 1, { mostFactBytes: 12_000 }), (ledger) => ledger.facts.keep([fact]))
        )
        forgotten.push(...kept.forgotten)
      }
      const ledger = yield* open(file)
      const left = (yield* ledger.facts.waiting("live", 100, -1)).map(({ id }) => id)
      assert.isTrue(left.length >= 8 && left.length <= 11, `${left.length} are left`)
      assert.deepStrictEqual(
        [...forgotten, ...left],
        facts.map(({ id }) => id)
      )
    })
  )

  it.effect("lets what was before a device was linked go first, however late it came", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const text = "x".repeat(1_000)
      const live = Array.makeBy(5, () => newFact(text))
      const past = Array.makeBy(20, () => newFact(text, "900002", { isHistory: true }))
      const { facts } = yield* open(file, 1, { mostFactBytes: 12_000 })
      const kept = yield* facts.keep([...live, ...past] as never)
      const more = yield* facts.keep([newFact(text), newFact(text)])
      const left = yield* facts.waiting("history", 100, -1)
      assert.deepStrictEqual(
        [...kept.forgotten, ...more.forgotten, ...left.map(({ id }) => id)],
        past.map(({ id }) => id)
      )
      assert.isNotEmpty(left)
      assert.strictEqual((yield* facts.waiting("live", 100, -1)).length, 7)
    })
  )

  it.effect("tells a fact that was changed from one that is there", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const [one, two] = [newFact("one"), newFact("two")]
      const { places } = yield* Effect.scoped(Effect.flatMap(open(file), ({ facts }) => facts.keep([one, two])))
      const db = new DatabaseSync(file)
      db.prepare("UPDATE facts SET heard_at = '2031-01-01T00:00:00.000Z' WHERE id = ?").run(one.id)
      db.close()
      const { facts } = yield* open(file)
      assert.strictEqual(yield* facts.read(places[0]!.place), "damaged")
      assert.deepStrictEqual(yield* facts.read(places[1]!.place), two)
    })
  )

  it.effect("is unavailable when SQLite fails", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const ledger = yield* open(file)
      new DatabaseSync(file).exec("DROP TABLE entries")
      assert.strictEqual((yield* Effect.flip(ledger.accept([newEntry("store:0")])))._tag, "LedgerUnavailable")
      assert.strictEqual((yield* Effect.flip(ledger.unfinished("store:0")))._tag, "LedgerUnavailable")
      yield* ledger.keep([newReport()])
    })
  )
})
