import { assert, describe, it } from "@effect/vitest"
import type { Observation } from "#infra/whatsapp/simulator/Observation.ts"
import { judge } from "./Judge.ts"
import type { Sending } from "./Traffic.ts"

const nothing = { lost: 0, secondIds: 0, falseSent: 0, falseEnds: 0, revived: 0, takenBack: 0, sameIdAgain: 0 }
const text = "the one message"

/** A message, and what was said of it: a status at a moment, under an id. */
const sending = (...said: ReadonlyArray<readonly [status: string, at: number, waMessageId?: string]>): Sending => ({
  key: "key",
  device: "device",
  to: "+60123456789",
  text,
  seconds: undefined,
  expiresAt: 10_000,
  id: "id",
  ended: [],
  said: said.map(([status, at, waMessageId = "A"]) => ({ status, asked: at, at, waMessageId }))
})
const saw = (kind: Observation["kind"], at: number, waMessageId = "A"): Observation => ({
  kind,
  at: new Date(at).toISOString(),
  waMessageId,
  ...(kind === "delivered" && { text })
})

describe("the judge", () => {
  it("finds nothing where what was said is what happened", () => {
    const said = sending(["queued", 1], ["unknown", 5], ["sent", 20], ["delivered", 30], ["read", 40])
    const record = [saw("message", 10), saw("acked", 20), saw("delivered", 25), saw("read", 40)]
    assert.deepStrictEqual(judge([said], record), nothing)
  })

  it("calls lost what was accepted and never arrived, whatever was said of it", () => {
    assert.deepStrictEqual(judge([sending(["queued", 1])], []), { ...nothing, lost: 1 })
    for (const end of ["expired", "failed"])
      assert.strictEqual(judge([sending(["queued", 1], [end, 2])], []).lost, 1, end)
    assert.deepStrictEqual(judge([sending()], []), nothing)
  })

  it("believes failed only once WhatsApp has refused", () => {
    const interrupted = [saw("message", 10), saw("dropped", 11)]
    assert.deepStrictEqual(judge([sending(["failed", 99])], interrupted), { ...nothing, falseEnds: 1 })
    const refused = [...interrupted, saw("message", 15), saw("refused", 20)]
    assert.strictEqual(judge([sending(["failed", 19])], refused).falseEnds, 1)
    assert.strictEqual(judge([sending(["failed", 20], ["failed", 30])], refused).falseEnds, 0)
  })

  it("does not believe that a message expired: it would have had a day", () => {
    assert.deepStrictEqual(judge([sending(["expired", 99])], [saw("message", 10)]), { ...nothing, falseEnds: 1 })
  })

  it("believes that one expired whose time was over and that had not left, and does not call it lost", () => {
    const over = sending(["queued", 1], ["expired", 10_000])
    assert.deepStrictEqual(judge([over], []), nothing)
    assert.deepStrictEqual(judge([sending(["unknown", 10_000])], []), nothing)
    assert.strictEqual(judge([sending(["unknown", 99])], []).lost, 1)
    assert.deepStrictEqual(judge([over], [saw("message", 9_999)]), { ...nothing, falseEnds: 1 })
  })

  it("believes that a number is not on WhatsApp once WhatsApp has said so of that number", () => {
    const failed = sending(["failed", 20])
    const nobody = { ...failed, said: failed.said.map((said) => ({ ...said, code: "recipient_not_on_whatsapp" })) }
    const absent = (contact: string, at: number): Observation => ({
      kind: "absent",
      at: new Date(at).toISOString(),
      contact
    })
    assert.deepStrictEqual(judge([nobody], [absent("60123456789", 20)]), nothing)
    for (const record of [[], [absent("60123456789", 21)], [absent("60123456780", 20)]]) {
      assert.deepStrictEqual(judge([nobody], record), { ...nothing, lost: 1, falseEnds: 1 })
    }
    assert.strictEqual(judge([failed], [absent("60123456789", 20)]).falseEnds, 1)
  })

  it("finds what goes out after it was called failed or expired, in an answer or in the log", () => {
    const refused = [saw("message", 10), saw("refused", 15)]
    const failed = sending(["failed", 20])
    assert.deepStrictEqual(judge([failed], refused), nothing)
    assert.deepStrictEqual(judge([failed], [...refused, saw("message", 20)]), { ...nothing, sameIdAgain: 1 })
    const again = [...refused, saw("message", 21), saw("delivered", 22)]
    assert.deepStrictEqual(judge([failed], again), { ...nothing, revived: 1, sameIdAgain: 1 })
    const read = { ...sending(["read", 40]), ended: [20] }
    assert.strictEqual(judge([read], [...again, saw("read", 40)]).revived, 1)
    assert.strictEqual(judge([sending(["expired", 10_000])], [saw("message", 10_001)]).revived, 1)
  })

  it("finds a second id in the answers, under the same text, and one that nobody was told of", () => {
    const first = saw("message", 10)
    const second = saw("message", 11, "B")
    assert.strictEqual(judge([sending(["queued", 1], ["queued", 2, "B"])], [first, second]).secondIds, 1)
    assert.isAbove(judge([sending(["queued", 1])], [first, second, saw("delivered", 12, "B")]).secondIds, 0)
    assert.strictEqual(judge([sending(["queued", 1])], [first, second]).secondIds, 1)
  })

  it("believes no status before its grounds", () => {
    const record = [saw("message", 10), saw("acked", 20), saw("delivered", 30)]
    assert.strictEqual(judge([sending(["sent", 19])], record).falseSent, 1)
    assert.strictEqual(judge([sending(["delivered", 29])], record).falseSent, 1)
    assert.strictEqual(judge([sending(["read", 99])], record).falseSent, 1)
    assert.strictEqual(judge([sending(["sent", 20], ["delivered", 30])], record).falseSent, 0)
  })

  it("sees a claim taken back, and a message that arrived again under its own id", () => {
    const record = [saw("message", 10), saw("acked", 20), saw("message", 21)]
    assert.deepStrictEqual(judge([sending(["sent", 22], ["unknown", 23], ["sent", 24])], record), {
      ...nothing,
      takenBack: 1,
      sameIdAgain: 1
    })
    const refused = [saw("message", 10), saw("refused", 20)]
    const again = sending(["failed", 21], ["unknown", 22])
    assert.deepStrictEqual(judge([again], refused), { ...nothing, takenBack: 1 })
  })
})
