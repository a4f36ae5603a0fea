import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import type { LedgerEntry } from "#domain/ports/Ledger.ts"
import { newEntry } from "#infra/ledger/contract/Fixtures.ts"
import { alice, bob, device, otherDevice } from "../testing/AgentFixture.ts"
import * as Chats from "./Chats.ts"

const entry = (position: number, fields: Partial<LedgerEntry> = {}) =>
  newEntry("store:1", { position: BigInt(position), device, subject: alice, ...fields })

const takeReady = (chats: Chats.Chats, of = device) => {
  const ready: Array<LedgerEntry> = []
  for (let next = chats.takeNext({ device: of }); next !== undefined; next = chats.takeNext({ device: of })) {
    ready.push(next)
  }
  return ready
}

const isExpired = ({ expiresAt }: LedgerEntry) => expiresAt <= fromMillis(2_000)

describe("a chat", () => {
  it("is claimed by one at a time", () => {
    const chats = Chats.make(10)
    const [one, two] = [entry(1), entry(2)]
    assert.isTrue(chats.claim(one))
    assert.isFalse(chats.claim(two))
    chats.release(one)
    assert.isTrue(chats.claim(two))
  })

  it("gives its entries in the log's order, the next when it is free", () => {
    const chats = Chats.make(10)
    const entries = [1, 2, 3, 4].map((position) => entry(position))
    for (const i of [2, 0, 3, 1]) chats.enqueue(entries[i]!)
    assert.isFalse(chats.claim(entry(5)))
    for (const expected of entries) {
      assert.strictEqual(chats.takeNext(expected), expected)
      assert.isUndefined(chats.takeNext(expected))
      chats.release(expected)
    }
    assert.isUndefined(chats.takeNext(entries[0]!))
  })

  it("puts an entry that comes back before those behind it", () => {
    const chats = Chats.make(10)
    const [one, two] = [entry(1), entry(2)]
    chats.enqueue(one)
    chats.enqueue(two)
    assert.strictEqual(chats.takeNext(one), one)
    chats.enqueue(one)
    chats.release(one)
    assert.strictEqual(chats.takeNext(one), one)
  })

  it("keeps the place of an entry that is not durable yet", () => {
    const chats = Chats.make(10)
    const [one, two, three] = [entry(1), entry(2), entry(3)]
    chats.reserve(one)
    chats.enqueue(two)
    assert.isFalse(chats.claim(three))
    assert.isUndefined(chats.takeNext(one))
    assert.deepStrictEqual(takeReady(chats), [])
    assert.deepStrictEqual(
      chats.takeAll(() => true),
      [two]
    )
    chats.enqueue(two)
    chats.admit(one)
    assert.strictEqual(chats.takeNext(one), one)
    chats.release(one)
    assert.strictEqual(chats.takeNext(one), two)
  })

  it("lets those behind a withdrawn entry move up", () => {
    const chats = Chats.make(10)
    const [one, two] = [entry(1), entry(2)]
    const again = { ...one }
    chats.enqueue(one)
    chats.reserve(again)
    chats.reserve(two)
    chats.withdraw(again)
    chats.admit(two)
    assert.strictEqual(chats.takeNext(one), one)
    chats.release(one)
    assert.strictEqual(chats.takeNext(one), two)
    chats.release(two)
    chats.reserve(again)
    chats.withdraw(again)
    assert.isTrue(chats.claim(one))
  })

  it("is a device and a subject: others do not wait for it", () => {
    const chats = Chats.make(10)
    assert.isTrue(chats.claim(entry(1)))
    assert.isTrue(chats.claim(entry(2, { subject: bob })))
    assert.isTrue(chats.claim(entry(3, { device: otherDevice })))
    const waiting = [entry(4), entry(5, { subject: bob }), entry(6, { device: otherDevice }), entry(7)]
    for (const one of waiting) chats.enqueue(one)
    assert.deepStrictEqual(takeReady(chats), [])
    for (const one of [entry(1), entry(2, { subject: bob }), entry(3, { device: otherDevice })]) chats.release(one)
    assert.deepStrictEqual(takeReady(chats), [waiting[0]!, waiting[1]!])
    assert.deepStrictEqual(takeReady(chats), [])
    assert.deepStrictEqual(takeReady(chats, otherDevice), [waiting[2]!])
  })

  it("gives up the entries whose time is over, also while one is being sent", () => {
    const chats = Chats.make(10)
    const lasting = entry(2, { expiresAt: fromMillis(2_001) })
    const over = [entry(1, { expiresAt: fromMillis(2_000) }), entry(3, { expiresAt: fromMillis(0), subject: bob })]
    for (const one of [lasting, ...over]) chats.enqueue(one)
    const busy = entry(0)
    assert.isFalse(chats.claim(busy))
    assert.sameMembers([...chats.takeAll(isExpired)], over)
    assert.deepStrictEqual(chats.takeAll(isExpired), [])
    assert.strictEqual(chats.takeNext(lasting), lasting)
    assert.isTrue(chats.claim(entry(4, { subject: bob })))
  })

  it("of an entry that rests waits with it, unless an older one comes, and does not hold up others", () => {
    const chats = Chats.make(10)
    const [older, one, behind, other] = [entry(1), entry(2), entry(3), entry(4, { subject: bob })]
    assert.isTrue(chats.claim(one))
    chats.enqueue(behind)
    chats.rest(one, 1_000)
    chats.release(one)
    chats.enqueue(other)
    assert.deepStrictEqual(takeReady(chats), [other])
    chats.enqueue(older)
    assert.deepStrictEqual(takeReady(chats), [older])
    chats.release(older)
    chats.rouse(999)
    assert.deepStrictEqual(takeReady(chats), [])
    chats.rouse(1_000)
    assert.deepStrictEqual(takeReady(chats), [one])
    chats.release(one)
    assert.deepStrictEqual(takeReady(chats), [behind])
  })

  it("waits while its device has as many under way as it may, and comes before those that came later", () => {
    const chats = Chats.make(2)
    const entries = [..."ABCDE"].map((letter, i) => entry(i + 1, { subject: letter.repeat(43) as never }))
    const [a, b, c, d, e] = entries as [LedgerEntry, LedgerEntry, LedgerEntry, LedgerEntry, LedgerEntry]
    const behindA = entry(9, { subject: a.subject })
    assert.isTrue(chats.claim(a) && chats.claim(b))
    assert.isFalse(chats.claim(c))
    assert.isTrue(chats.claim(entry(10, { device: otherDevice })))
    for (const one of [behindA, c, d, e]) chats.enqueue(one)
    assert.deepStrictEqual(takeReady(chats), [])
    chats.release(a)
    assert.deepStrictEqual(takeReady(chats), [c])
    chats.release(b)
    chats.release(c)
    assert.deepStrictEqual(takeReady(chats), [d, e])
    chats.release(d)
    assert.deepStrictEqual(takeReady(chats), [behindA])
    assert.strictEqual(chats.underway(), 3)
  })

  const Move = Schema.Struct({
    does: Schema.Literals(["arrive", "write", "refuse", "finish", "back"]),
    chat: Schema.Literals([0, 1]),
    which: Schema.Literals([0, 1, 2, 3])
  })
  it.prop("never has two entries under way, nor one before an older one", [Schema.Array(Move)], ([moves]) => {
    const chats = Chats.make(10)
    const subjects = [alice, bob]
    const reserved: Array<LedgerEntry> = []
    const running = new Map<string, LedgerEntry>()
    const alive = new Set<LedgerEntry>()
    const begin = (one: LedgerEntry | undefined) => {
      if (one === undefined) return
      assert.isUndefined(running.get(one.subject))
      for (const other of alive) assert.isFalse(other.subject === one.subject && other.position < one.position)
      running.set(one.subject, one)
    }
    for (const [position, { chat, does, which }] of moves.entries()) {
      const subject = subjects[chat]!
      const busy = running.get(subject)
      if (does === "arrive") {
        const one = entry(position, { subject })
        alive.add(one)
        if (which > 0 && chats.claim(one)) begin(one)
        else {
          chats.reserve(one)
          reserved.push(one)
        }
      } else if ((does === "write" || does === "refuse") && reserved.length > 0) {
        const [one] = reserved.splice(which % reserved.length, 1)
        if (does === "write") chats.admit(one!)
        else {
          chats.withdraw(one!)
          alive.delete(one!)
        }
        begin(chats.takeNext(one!))
      } else if (busy !== undefined) {
        running.delete(subject)
        if (does === "back") chats.enqueue(busy)
        else alive.delete(busy)
        chats.release(busy)
        begin(chats.takeNext(busy))
      }
    }
    for (const one of reserved) chats.admit(one)
    for (const one of [...alive].filter((_) => !running.has(_.subject))) begin(chats.takeNext(one))
    assert.strictEqual(running.size, new Set([...alive].map((_) => _.subject)).size)
  })
})
