import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { base64url, fromBase64url } from "../Bytes.ts"
import { Crypto } from "../ports/Crypto.ts"
import { agentKey, historyOf, type Planned, plannedOf, stranger, strangerKey } from "../testing/HistoryFixture.ts"
import { examine, type Flaw, type History, type SigningKey } from "./Evidence.ts"

const judge = (history: History, keys: ReadonlyArray<SigningKey> = [agentKey]) =>
  Effect.provideService(examine(history, keys), Crypto, crypto)
const foundIn = (history: History, keys?: ReadonlyArray<SigningKey>) =>
  Effect.map(judge(history, keys), ({ findings }) =>
    findings.map((finding) => (finding._tag === "Refuted" ? finding.flaw : finding._tag))
  )

/** Delivered in the end. */
const delivered = 1
const otherNumber = delivered + 7

describe("a history", () => {
  it.effect("is signed where an agent stands behind each report", () =>
    Effect.gen(function* () {
      for (let n = 0; n < 28; n++) {
        const { findings, signedStatus, status, verdict } = yield* judge(yield* historyOf(n))
        assert.strictEqual(verdict, "signed", `history ${n}`)
        assert.strictEqual(status, signedStatus)
        assert.deepStrictEqual(
          findings.map(({ _tag }) => _tag),
          ["Unsigned", ...plannedOf(n).reports.map(() => "Signed")]
        )
      }
    })
  )

  it.effect("rests on the gateway's word where nobody signed its status", () =>
    Effect.gen(function* () {
      const history = yield* historyOf(delivered)
      const stripped = history.items.map(({ evidence, ...event }, i) => (i === 2 ? event : { ...event, evidence }))
      const items = stripped.map((event) => JSON.parse(JSON.stringify(event)))
      const judgement = yield* judge({ ...history, items })
      assert.deepInclude(judgement, { verdict: "unsigned", status: "delivered", signedStatus: "sent", complete: true })
      const accepted = yield* judge({ ...history, items: items.slice(0, 1) })
      assert.deepInclude(accepted, { verdict: "unsigned", status: "queued", signedStatus: "queued" })
    })
  )

  it.effect("is refuted where an event is missing, or nothing says what it is about", () =>
    Effect.gen(function* () {
      const history = yield* historyOf(delivered)
      const [queued, sent, received] = history.items
      for (const items of [[], [queued!, received!], [sent!, received!], [queued!, received!, sent!]]) {
        assert.deepInclude(yield* judge({ ...history, items }), { verdict: "refuted", complete: false })
      }
    })
  )
})

describe("evidence does not hold", () => {
  const signedAs = (change: (planned: Planned) => Planned) => historyOf(delivered, { changed: (one) => change(one) })
  const header = (fields: Partial<Planned["header"]>) =>
    signedAs((one) => ({ ...one, header: { ...one.header, ...fields } }))
  const said = (fields: object) => signedAs((one) => ({ ...one, said: { ...one.said, ...fields } }))

  const foreign: ReadonlyArray<readonly [Flaw, Effect.Effect<History>]> = [
    ["other_agent", header({ agent: "office" })],
    ["wrong_direction", header({ direction: "homing/command/2" })],
    ["unknown_version", header({ direction: "homing/report/99" })],
    ["undecodable", said({ kind: "device" })],
    ["undecodable", said({ claim: "erased" })],
    ["other_message", said({ message: plannedOf(otherNumber).message })],
    ["other_command", header({ commandId: plannedOf(otherNumber).queued.id })],
    ["other_device", header({ device: plannedOf(2).reports[0]!.header.device })],
    ["other_recipient", header({ subject: plannedOf(otherNumber).reports[0]!.header.subject })],
    ["other_claim", header({ attempt: "9" })],
    ["other_claim", said({ claim: "read" })],
    ["other_claim", said({ at: "2031-01-01T00:00:00.000Z" })],
    ["other_recipient", said({ recipient: plannedOf(otherNumber).reports[0]!.header.subject })],
    ["unknown_key", header({ keyId: "0000000000000000" })]
  ]
  for (const [flaw, history] of foreign) {
    it.effect(`of another meaning, though its signature does: ${flaw}`, () =>
      Effect.gen(function* () {
        const found = yield* history
        assert.deepStrictEqual(yield* foundIn(found), ["Unsigned", flaw, flaw])
        assert.strictEqual((yield* judge(found)).verdict, "refuted")
      })
    )
  }

  it.effect("under a key that is not at hand, is another's, or goes by another's id", () =>
    Effect.gen(function* () {
      const history = yield* historyOf(delivered)
      assert.deepStrictEqual(yield* foundIn(history, []), ["Unsigned", "unknown_key", "unknown_key"])
      assert.deepStrictEqual(yield* foundIn(history, [strangerKey]), ["Unsigned", "unknown_key", "unknown_key"])
      const disguised = { ...strangerKey, agent: "home", keyId: agentKey.keyId }
      assert.deepStrictEqual(yield* foundIn(history, [disguised]), ["Unsigned", "unknown_key", "unknown_key"])
      const forged = yield* historyOf(delivered, { by: stranger })
      assert.deepStrictEqual(yield* foundIn(forged), ["Unsigned", "bad_signature", "bad_signature"])
    })
  )

  it.effect("altered, cut off, of another event, or no envelope at all", () =>
    Effect.gen(function* () {
      const { items, message } = yield* historyOf(delivered)
      const with1 = (evidence: string) => ({
        message,
        items: items.map((event, i) => (i === 1 ? { ...event, evidence } : event))
      })
      const bytes = fromBase64url(items[1]!.evidence!)
      const bent = base64url(bytes.map((byte, i) => (i === bytes.length - 20 ? byte ^ 1 : byte)))
      assert.strictEqual((yield* foundIn(with1(bent)))[1], "bad_signature")
      for (const broken of [base64url(bytes.subarray(0, -1)), "", "%"]) {
        assert.strictEqual((yield* foundIn(with1(broken)))[1], "malformed")
      }
      assert.strictEqual((yield* foundIn(with1(items[2]!.evidence!)))[1], "other_claim")
      const onQueued = items.map((event, i) => (i === 0 ? { ...event, evidence: items[1]!.evidence! } : event))
      assert.strictEqual((yield* foundIn({ message, items: onQueued }))[0], "other_claim")
      const newer = items.map((event, i) => (i === 1 ? { ...event, type: "message.sent.v9" } : event))
      assert.strictEqual((yield* foundIn({ message, items: newer }))[1], "unreadable_event")
    })
  )

  it.effect.prop("whatever an export holds, it is judged", [Schema.Json], ([json]) =>
    Effect.gen(function* () {
      const { items, message } = yield* historyOf(delivered)
      const text = JSON.stringify(json)
      for (const change of [{ data: json as never }, { data: { at: json } }, { type: text }, { evidence: text }]) {
        for (const at of [0, 1]) {
          const told = items.map((event, i) => (i === at ? { ...event, ...change } : event))
          assert.strictEqual((yield* judge({ message, items: told })).verdict, "refuted")
        }
      }
      const odd = ["_".repeat(43), "A".repeat(43), `${"A".repeat(42)}_`, "AA", "%", text].map((signing) => ({
        ...agentKey,
        signing
      }))
      assert.strictEqual((yield* judge({ message, items }, odd)).verdict, "refuted")
    })
  )
})
