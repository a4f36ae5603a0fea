import { assert, describe, it } from "@effect/vitest"
import { toMillis } from "#domain/Instant.ts"
import { readAck, readReceipt } from "./ServerWords.ts"

const now = Date.parse("2026-01-01T00:00:00.500Z")
const seconds = Math.floor(now / 1_000)
const receipt = (attrs: Record<string, string>, items: ReadonlyArray<string> = []) => ({
  tag: "receipt",
  attrs,
  content: [{ tag: "list", attrs: {}, content: items.map((id) => ({ tag: "item", attrs: { id } })) }]
})

describe("an acknowledgement", () => {
  const ack = (attrs: Record<string, string>) => readAck({ tag: "ack", attrs })

  it("names our id, whose answer it is, and an error if there is one", () => {
    const nothing = { from: undefined, error: undefined, phash: undefined }
    assert.deepStrictEqual(ack({ id: "A" }), { ...nothing, waMessageId: "A" })
    const all = { from: "B", error: "463", phash: "2:abcdefgh" }
    assert.deepStrictEqual(ack({ id: "A", ...all }), { ...all, waMessageId: "A" })
    assert.isUndefined(ack({}))
    assert.isUndefined(ack({ id: "A".repeat(129) }))
  })

  it("has a code of one to six digits, or gives no reason", () => {
    for (const code of ["0", "463", "999999"]) assert.strictEqual(ack({ id: "A", error: code })?.error, code)
    for (const code of [
      "",
      "1234567",
      "-1",
      "4e2",
      " 463",
      "463\n",
      "٤٦٣",
      "recipient_not_on_whatsapp",
      "9".repeat(999)
    ]) {
      assert.strictEqual(ack({ id: "A", error: code })?.error, "unspecified")
    }
  })
})

describe("a receipt", () => {
  const recipient = ["recipient"]
  for (const [type, kind, speakers] of [
    [undefined, "delivered", recipient],
    ["inactive", "delivered", recipient],
    ["read", "read", recipient],
    ["played", "played", recipient],
    ["sender", "sent", ["account"]],
    ["retry", "sent", ["recipient", "account"]],
    ["read-self", undefined, []],
    ["played-self", undefined, []],
    ["peer_msg", undefined, []],
    ["hist_sync", undefined, []],
    ["server-error", undefined, []],
    ["enc_rekey_retry", undefined, []],
    ["not-invented-yet", undefined, []],
    ["", undefined, []],
    ["constructor", undefined, []]
  ] as const) {
    it(`of type ${type} says ${kind ?? "nothing"}, if said by ${speakers.join(" or ") || "anybody"}`, () => {
      const read = readReceipt(receipt({ id: "A", ...(type !== undefined && { type }) }), now)
      assert.deepStrictEqual([read.kind, [...read.speakers]], [kind, [...speakers]])
      assert.strictEqual(read.asksAgain, type === "retry")
    })
  }

  it("may speak of several messages, of no more than a thousand, of none under an absurd id", () => {
    const ids = (items: ReadonlyArray<string>) => readReceipt(receipt({ id: "A" }, items), now).waMessageIds
    assert.deepStrictEqual(ids(["B", "C".repeat(129), "D", "A"]), ["A", "B", "D"])
    assert.strictEqual(ids(Array.from({ length: 5_000 }, (_, n) => `B${n}`)).length, 1_025)
  })

  it("carries the server's second, but never a time that is still to come", () => {
    const at = (t?: string) => toMillis(readReceipt(receipt({ id: "A", ...(t && { t }) }), now).at)
    assert.strictEqual(at(String(seconds - 3_600)), (seconds - 3_600) * 1_000 + 999)
    for (const t of [undefined, String(seconds), String(seconds + 3_600), "soon", "-1", "99999999999999999999"]) {
      assert.strictEqual(at(t), now)
    }
  })
})
