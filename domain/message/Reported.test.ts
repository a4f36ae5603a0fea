import { assert, describe, it } from "@effect/vitest"
import { SubjectId } from "../Ids.ts"
import { fromMillis } from "../Instant.ts"
import { alice, answer, at, bob, details, id } from "../testing/MessageFixture.ts"
import { specification } from "../testing/Specification.ts"
import { messageCodes } from "./Codes.ts"
import { Message, type MessageCommand, type MessageEvent, MessageRejected } from "./Message.ts"
import { type Report, receipts } from "./Status.ts"

const { given } = specification(Message)
const expiring = { ...details, expiresAt: fromMillis(1_000_000) }
const queued: MessageEvent = { type: "message.queued", data: expiring, id }
const record = (report: Report, now = at): MessageCommand => ({ _tag: "Record", answer, report, at, now })
const rejected = (reason: MessageRejected["reason"]) => new MessageRejected({ reason })

describe("a message", () => {
  it("takes what a recipient's device says from one of its recipients alone", () => {
    for (const kind of receipts) {
      const receipt = (recipient?: SubjectId) => record({ kind, attempt: 1, ...(recipient && { recipient }) })
      assert.deepStrictEqual(given(queued).when(receipt()), rejected("no_recipient"))
      const stranger = receipt(SubjectId.make("C".repeat(43)))
      assert.deepStrictEqual(given(queued).when(stranger), rejected("other_recipient"))
      for (const recipient of [alice, bob]) {
        const told = { type: `message.${kind}`, data: { attempt: 1, at, recipient } } as MessageEvent
        assert.deepStrictEqual(given(queued).when(receipt(recipient)), [told])
      }
    }
  })

  it("takes codes that are a reporter's to say, of whatever claim: no text, and no word of the gateway's own", () => {
    const own = ["no_report", "key_lost", "erased", "damaged"]
    const foreign = [...own, "x", "<script>", "+60123456789", "60123456789", "1234567", "", "toString", "463\n"]
    for (const kind of ["failed", "unknown", "sent"] as const) {
      for (const code of foreign) {
        const told = given(queued).when(record({ kind, attempt: 1, code }))
        assert.deepStrictEqual(told, rejected("foreign_code"), code)
      }
      for (const code of [...Object.keys(messageCodes).filter((code) => !own.includes(code)), "0", "463", "123456"]) {
        assert.lengthOf(given(queued).when(record({ kind, attempt: 1, code })) as ReadonlyArray<unknown>, 1, code)
      }
    }
  })

  it("takes it for expired when it is, by its own clock, which another's may be ahead of by five minutes", () => {
    const expired = (now: number) => record({ kind: "expired", attempt: 1 }, fromMillis(now))
    assert.deepStrictEqual(given(queued).when(expired(699_999)), rejected("not_expired"))
    for (const now of [700_000, 1_000_000, 9_000_000]) {
      assert.lengthOf(given(queued).when(expired(now)) as ReadonlyArray<unknown>, 1)
    }
  })
})
