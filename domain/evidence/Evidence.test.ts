import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { base64url, fromBase64url } from "../Bytes.ts"
import { Crypto } from "../ports/Crypto.ts"
import { agentKey, historyOf, type Planned, plannedOf, stranger, strangerKey } from "../testing/HistoryFixture.ts"
import { examine, type Flaw, type History, type SigningKey, type ToldEvent } from "./Evidence.ts"

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
      const [queued, sent] = history.items
      const concluded = (code: string): ToldEvent => {
        const data = { at: "2030-01-02T00:02:00.000Z", attempt: 1, code }
        return { id: sent!.id, type: "message.unknown.v1", revision: 1, data }
      }
      for (const code of ["no_report", "key_lost", "erased", "damaged"]) {
        const judgement = yield* judge({ ...history, items: [queued!, concluded(code)] })
        assert.deepInclude(judgement, {
          verdict: "unsigned",
          status: "unknown",
          signedStatus: "queued",
          complete: true
        })
      }
      const accepted = yield* judge({ ...history, items: [queued!] })
      assert.deepInclude(accepted, { verdict: "unsigned", status: "queued", signedStatus: "queued" })
      const excused = yield* foundIn({ ...history, items: [queued!, concluded("ack_timeout")] })
      assert.deepStrictEqual(excused, ["Unsigned", "not_signed"])
    })
  )

  it.effect("is refuted where an agent's word has lost its signature", () =>
    Effect.gen(function* () {
      for (let n = 0; n < 28; n++) {
        const history = yield* historyOf(n)
        for (const at of history.items.keys()) {
          if (at === 0) continue
          const items = history.items.map(({ evidence, ...event }, i) =>
            i === at || evidence === undefined ? event : { ...event, evidence }
          )
          const judgement = yield* judge({ ...history, items })
          assert.deepInclude(judgement, { verdict: "refuted", complete: true }, `history ${n}`)
          assert.deepStrictEqual(judgement.findings[at], { _tag: "Refuted", flaw: "not_signed" })
        }
      }
    })
  )

  it.effect("is not refuted for it where no agent has a word: Meta signs nothing of this", () =>
    Effect.gen(function* () {
      const history = yield* historyOf(delivered)
      const items = history.items.map(({ data, evidence: _, ...event }) => ({ ...event, data: { ...data } }))
      const { transport: _, waMessageId: __, ...data } = items[0]!.data
      items[0] = { ...items[0]!, type: "message.queued.v2", data: { ...data, transport: { name: "cloud-api" } } }
      assert.deepInclude(yield* judge({ ...history, items }), { verdict: "unsigned", signedStatus: "queued" })
    })
  )

  it.effect("is refuted where something is told twice, or for two logs", () =>
    Effect.gen(function* () {
      const history = yield* historyOf(delivered)
      const [queued, sent] = history.items
      const twice = { ...history, items: [queued!, sent!, { ...sent!, revision: 2 }] }
      assert.deepStrictEqual(yield* foundIn(twice), ["Unsigned", "Signed", "told_twice"])
      const begun = { ...history, items: [queued!, { ...queued!, revision: 1 }] }
      assert.deepStrictEqual(yield* foundIn(begun), ["Unsigned", "told_twice"])
      const epochs = (epoch: string) =>
        historyOf(delivered, {
          changed: (one, i) => (i === 0 ? one : { ...one, header: { ...one.header, epoch } })
        })
      const { epoch } = plannedOf(delivered).reports[0]!.header
      const raised = yield* epochs(epoch.replace(/1$/, "2"))
      assert.deepStrictEqual(yield* foundIn(raised), ["Unsigned", "Signed", "Signed"])
      assert.deepStrictEqual(yield* foundIn(yield* epochs("another:1")), ["Unsigned", "Signed", "other_log"])
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
    ["undecodable", header({ attempt: "02" })],
    ["wrong_lane", header({ lane: "homing.reports.office" })],
    ["wrong_lane", header({ tenant: "another" })],
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

  it.effect("of a word that is not an agent's to say", () =>
    Effect.gen(function* () {
      const unnamed = yield* signedAs((one) => {
        const { recipient: _, ...rest } = one.said
        return { ...one, said: rest }
      })
      const { recipient: _, ...data } = unnamed.items[2]!.data
      const items = unnamed.items.map((event, i) => (i === 2 ? { ...event, data } : event))
      assert.deepStrictEqual(yield* foundIn({ ...unnamed, items }), ["Unsigned", "Signed", "no_recipient"])
      const failed = yield* historyOf(5, { changed: (one) => ({ ...one, said: { ...one.said, code: "no_report" } }) })
      const coded = failed.items.map((event, i) =>
        i === 1 ? { ...event, data: { ...event.data, code: "no_report" } } : event
      )
      assert.deepStrictEqual(yield* foundIn({ ...failed, items: coded }), ["Unsigned", "foreign_code"])
    })
  )

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
