import { assert, describe, it } from "@effect/vitest"
import { toMillis } from "#domain/Instant.ts"
import { readAck, readReceipts } from "./ServerWords.ts"

const now = Date.parse("2026-01-01T00:00:00.500Z")
const seconds = Math.floor(now / 1_000)
const receipt = (attrs: Record<string, string>, items: ReadonlyArray<string> = []) => ({
  tag: "receipt",
  attrs,
  content: [{ tag: "list", attrs: {}, content: items.map((id) => ({ tag: "item", attrs: { id } })) }]
})

describe("an acknowledgement", () => {
  it("names our id, and an error if there is one", () => {
    const ack = (attrs: Record<string, string>) => readAck({ tag: "ack", attrs })
    assert.deepStrictEqual(ack({ id: "A" }), { waMessageId: "A", error: undefined })
    assert.deepStrictEqual(ack({ id: "A", error: "463" }), { waMessageId: "A", error: "463" })
    assert.strictEqual(ack({ id: "A", error: "9".repeat(999) })?.error?.length, 32)
    assert.isUndefined(ack({}))
    assert.isUndefined(ack({ id: "A".repeat(129) }))
  })
})

describe("a receipt", () => {
  it("without a type says that the message arrived; other types than read and played say nothing", () => {
    const kinds = (type?: string) =>
      readReceipts(receipt({ id: "A", ...(type && { type }) }), now).map(({ kind }) => kind)
    assert.deepStrictEqual(kinds(), ["delivered"])
    assert.deepStrictEqual(kinds("read"), ["read"])
    assert.deepStrictEqual(kinds("played"), ["played"])
    for (const type of ["retry", "sender", "read-self", "server-error", "inactive"]) {
      assert.deepStrictEqual(kinds(type), [])
    }
  })

  it("may speak of several messages, of no more than a thousand, of none under an absurd id", () => {
    const ids = (items: ReadonlyArray<string>) =>
      readReceipts(receipt({ id: "A" }, items), now).map(({ waMessageId }) => waMessageId)
    assert.deepStrictEqual(ids(["B", "C".repeat(129), "D"]), ["A", "B", "D"])
    assert.strictEqual(ids(Array.from({ length: 5_000 }, () => "B")).length, 1_025)
  })

  it("carries the server's second, but never a time that is still to come", () => {
    const at = (t?: string) => toMillis(readReceipts(receipt({ id: "A", ...(t && { t }) }), now)[0]!.at)
    assert.strictEqual(at(String(seconds - 3_600)), (seconds - 3_600) * 1_000 + 999)
    for (const t of [undefined, String(seconds), String(seconds + 3_600), "soon", "-1", "99999999999999999999"]) {
      assert.strictEqual(at(t), now)
    }
  })
})
