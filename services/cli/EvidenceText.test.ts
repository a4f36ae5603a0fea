import { assert, it } from "@effect/vitest"
import type { Judgement } from "#domain/evidence/Evidence.ts"
import { render, type Shown, summaryOf } from "./EvidenceText.ts"

const shownOf = (type: string, judgement: Partial<Judgement>, message = "m"): Shown => ({
  history: {
    message,
    items: [{ id: "e", type, revision: 0, recordedAt: "2030-01-01T00:00:00.000Z", data: {} }],
    keys: []
  },
  judgement: {
    findings: [{ _tag: "Unsigned" }],
    complete: true,
    status: "queued",
    signedStatus: "queued",
    verdict: "unsigned",
    ...judgement
  },
  keysFrom: "agents.json"
})
const textOf = (shown: Shown) => render(shown).join("\n")

it("tells what is not proven, and nothing of keys that somebody vouches for", () => {
  const shown = shownOf("message.queued.v1", {})
  assert.include(textOf(shown), "unsigned: all of it holds, and `queued` is the gateway's word; signed is nothing")
  assert.include(textOf(shown), "Checked under the keys in agents.json")
  assert.isFalse(summaryOf(shown).notProven.some((one) => one.startsWith("whose the keys are")))
  assert.isTrue(summaryOf({ ...shown, keysFrom: undefined }).notProven.some((one) => one.startsWith("whose the keys")))
})

it("calls nothing signed by keys that nobody but the export vouches for", () => {
  const shown = shownOf("message.sent.v1", { verdict: "signed", status: "sent", signedStatus: "sent" })
  assert.include(textOf(shown), "signed: `sent` follows from what the agent signed alone")
  assert.strictEqual(summaryOf(shown).verdict, "signed")
  const unpinned = { ...shown, keysFrom: undefined }
  assert.include(textOf(unpinned), "unpinned: `sent` follows")
  assert.strictEqual(summaryOf(unpinned).verdict, "unpinned")
})

it("says why something is refuted", () => {
  const findings = [{ _tag: "Refuted", flaw: "other_message" }] as const
  const shown = shownOf("message.sent.v1", { findings, verdict: "refuted" })
  assert.include(textOf(shown), "other_message: what is signed is about another message")
  assert.deepInclude(summaryOf(shown).events[0], { finding: "refuted", flaw: "other_message" })
  const beheaded = shownOf("message.sent.v1", { complete: false, verdict: "refuted" })
  assert.include(textOf(beheaded), "refuted: it does not begin with what was accepted")
})

it("gives no word of an export to the terminal", () => {
  const hostile = "\u001b[2J\u0007\u202e\u009b"
  const text = textOf(shownOf(`message.${hostile}.v1`, {}, hostile))
  assert.notMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u)
})
