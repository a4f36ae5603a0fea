import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { SimulatorRecord } from "./Record.ts"
import { readRecord } from "./RecordFile.ts"

describe("record", () => {
  const folder = mkdtempSync(join(tmpdir(), "homing-record-"))
  afterAll(() => rmSync(folder, { recursive: true }))

  it("continues its file, without a line that a crash tore", () => {
    const file = join(folder, "torn.jsonl")
    const before = new SimulatorRecord(file)
    before.add("message", { account: "15550001", waMessageId: "A" })
    before.close()
    appendFileSync(file, '{"at":"2026-01-01T00:00:0')
    const after = new SimulatorRecord(file)
    after.add("acked", { account: "15550001", waMessageId: "A" })
    after.close()
    assert.deepStrictEqual(readRecord(file), after.observations)
    assert.deepStrictEqual(
      after.observations.map(({ kind }) => kind),
      ["message", "acked"]
    )
  })

  it("is readable by its owner only", () => {
    const file = join(folder, "mode.jsonl")
    new SimulatorRecord(file).close()
    assert.strictEqual(statSync(file).mode & 0o777, 0o600)
  })

  it("does not read a file of something else", () => {
    const file = join(folder, "other.jsonl")
    writeFileSync(file, '{"kind":"message"}\n')
    assert.throws(() => readRecord(file))
  })

  it("counts the ids that carried the same text to the same contact", () => {
    const record = new SimulatorRecord()
    const saw = (waMessageId: string, contact: string, text: string) => {
      record.add("message", { account: "15550001", contact, waMessageId })
      record.add("delivered", { account: "15550001", contact, waMessageId, text, copies: 1 })
    }
    saw("A", "15550002", "twice")
    saw("B", "15550002", "twice")
    saw("C", "15550003", "twice")
    record.add("message", { account: "15550001", contact: "15550002", waMessageId: "D" })
    record.add("incoming", { account: "15550001", contact: "15550002", waMessageId: "E", text: "twice" })
    assert.deepStrictEqual(
      record.messages.map(({ waMessageId, idsWithSameText, copies }) => [waMessageId, idsWithSameText, copies]),
      [
        ["A", 2, 1],
        ["B", 2, 1],
        ["C", 1, 1],
        ["D", 1, 0]
      ]
    )
  })

  it("tells of what comes, and gives up waiting", async () => {
    const record = new SimulatorRecord()
    const coming = record.until(({ kind }) => kind === "login")
    record.add("paired")
    record.add("login", { account: "15550001" })
    assert.deepInclude(await coming, { kind: "login", account: "15550001" })
    assert.strictEqual((await record.until(({ kind }) => kind === "paired")).kind, "paired")
    const never = await record.until(({ kind }) => kind === "unlinked", 1).catch(String)
    assert.strictEqual(never, "Error: nothing observed within 1 ms")
  })

  const filled = (record: SimulatorRecord, count: number) => {
    for (let n = 0; n < count; n++) record.add("message", { account: "15550001", waMessageId: `${n}` })
    return record
  }
  const idsOf = (observations: Iterable<{ readonly waMessageId?: string }>) =>
    [...observations].map(({ waMessageId }) => Number(waMessageId))

  it("keeps the last in memory, all in its file, and counts them all", () => {
    const file = join(folder, "window.jsonl")
    const record = filled(new SimulatorRecord(file, 100), 2_500)
    assert.isBelow(record.observations.length, 150)
    assert.strictEqual(idsOf(record.observations).at(-1), 2_499)
    assert.deepStrictEqual(record.counts, { message: 2_500 })
    assert.lengthOf(record.messages, 2_500)
    for (const after of [0, 999, 1_000, 1_001, 2_300, 2_499]) {
      const { first, next, observations } = record.page(after)
      assert.deepStrictEqual([first, next, idsOf(observations)[0]], [after, 2_500, after])
      assert.lengthOf(observations, 2_500 - after)
    }
    record.close()

    const again = new SimulatorRecord(file, 100)
    assert.isBelow(again.observations.length, 150)
    assert.deepStrictEqual(again.counts, { message: 2_500 })
    again.add("login", { waMessageId: "2500" })
    assert.deepStrictEqual(idsOf(again.page(2_498).observations), [2_498, 2_499, 2_500])
    again.forget()
    assert.deepStrictEqual(again.observations, [])
    assert.lengthOf(again.page(0).observations, 2_501)
    again.close()
  })

  it("says what it no longer holds, without a file", () => {
    const record = filled(new SimulatorRecord(undefined, 100), 300)
    const { first, next, observations } = record.page(0)
    assert.strictEqual(first, 300 - observations.length)
    assert.deepStrictEqual([next, idsOf(observations)[0]], [300, first])
    assert.deepStrictEqual(record.page(300), { first: 300, next: 300, observations: [] })
    assert.deepStrictEqual(record.page(5_000), { first: 300, next: 300, observations: [] })
  })

  it("tells a long story page by page", () => {
    const file = join(folder, "pages.jsonl")
    const record = filled(new SimulatorRecord(file, 100), 10_001)
    assert.strictEqual(record.page(0).next, 10_000)
    assert.deepStrictEqual(idsOf(record.page(10_000).observations), [10_000])
    record.close()
  })
})
