import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { readRecord, SimulatorRecord } from "./Record.ts"

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
})
