import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Flaw, flaws } from "#domain/evidence/Evidence.ts"
import { agentKey, historyOf, plannedOf, strangerKey } from "#domain/testing/HistoryFixture.ts"
import { examined } from "./EvidenceCommand.ts"
import { render } from "./EvidenceText.ts"

const folder = mkdtempSync(join(tmpdir(), "homing-evidence-"))
afterAll(() => rmSync(folder, { recursive: true }))

const twofold = join(folder, "twofold.json")

type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [member: string]: Json }

/** Delivered in the end. */
const [n, other] = [1, 8]
const exported: Effect.Effect<Json> = Effect.map(
  historyOf(n),
  (history) => ({ ...history, keys: [{ ...agentKey, state: "active", until: null }] }) as unknown as Json
)

/** Every member that has no members, as a path; `tags` has none here. */
const leavesOf = (value: Json, path = ""): ReadonlyArray<string> => {
  const members = typeof value === "object" && value !== null ? Object.entries(value) : []
  if (members.length === 0) return [path]
  return members.flatMap(([member, inner]) => leavesOf(inner, path === "" ? member : `${path}.${member}`))
}

/** `undefined` takes it away. */
const altered = (value: Json, path: string, to: Json | undefined): Json => {
  const copy: Record<string, never> = JSON.parse(JSON.stringify(value)) // the fixture says one box twice
  const steps = path.split(".")
  const last = steps.pop()!
  const holder: Record<string, Json> = steps.reduce((inner, step) => inner[step]!, copy)
  if (to === undefined) delete holder[last]
  else holder[last] = to
  return copy
}

/** What a person reads: a line for each event and what follows from them, or why the file is refused. */
const toldOf = (content: Json) =>
  Effect.suspend(() => {
    const file = join(folder, "evidence.json")
    writeFileSync(file, JSON.stringify(content))
    return examined({ file, keys: undefined })
  }).pipe(
    Effect.map((shown) => ({
      verdict: shown.judgement.verdict as string,
      findings: shown.judgement.findings.map((found) => (found._tag === "Refuted" ? found.flaw : found._tag)),
      text: stripVTControlCharacters(render(shown).join("\n"))
    })),
    Effect.catch(({ message }) => Effect.succeed({ verdict: "none", findings: [], text: message }))
  )

const [theirs, ours] = [plannedOf(other), plannedOf(n)]
const anotherSubject = theirs.reports[0]!.header.subject
const id = "11111111-1111-5111-8111-111111111111"
const at = "2031-01-01T00:00:00.000Z"

type Line = Flaw | "Signed" | "Unsigned"
const refuted = "refuted: not all of it holds"
const [queued, sent, received]: ReadonlyArray<Line> = ["Unsigned", "Signed", "Signed"]
const all = (flaw: Flaw): ReadonlyArray<Line> => [queued!, flaw, flaw]
const unreadable: ReadonlyArray<Line> = ["unreadable_event", "no_command", "no_command"]
const untouched: ReadonlyArray<Line> = [queued!, sent!, received!]

/** Another value that could stand there, what is found of each event, and the words in which it is told. */
const table: Readonly<Record<string, readonly [value: Json, found: ReadonlyArray<Line>, words: string]>> = {
  message: [theirs.message, all("other_message"), refuted],
  "items.0.id": [id, all("other_command"), refuted],
  "items.0.type": ["message.queued.v2", unreadable, refuted],
  "items.0.revision": [1, untouched, "refuted: the event of revision 0 is missing, or not in its place"],
  "items.0.recordedAt": [at, untouched, "`recordedAt` by the gateway's"],
  "items.0.data.device": [plannedOf(2).queued.data.device as Json, all("other_device"), refuted],
  "items.0.data.recipient.kind": ["lid", untouched, "events that nobody signs"],
  "items.0.data.recipient.address.subject": [
    anotherSubject,
    ["other_recipients", "other_recipient", "other_recipient"],
    refuted
  ],
  "items.0.data.recipients.0": [anotherSubject, ["other_recipients", sent!, "other_recipient"], refuted],
  "items.0.data.content.kind": ["picture", unreadable, refuted],
  "items.0.data.tags": [{ order: "1" }, untouched, "events that nobody signs"],
  "items.0.data.contentDigest": [anotherSubject, untouched, "events that nobody signs"],
  "items.0.data.expiresAt": [at, untouched, "events that nobody signs"],
  "items.0.data.waMessageId": [theirs.queued.data.waMessageId as Json, untouched, "events that nobody signs"],
  "items.0.data.transport": ["cloud-api", unreadable, refuted],
  "items.1.id": [id, untouched, "the ids of reports"],
  "items.1.type": ["message.delivered.v1", [queued!, "other_claim", received!], refuted],
  "items.1.revision": [7, untouched, "refuted: the event of revision 1 is missing, or not in its place"],
  "items.1.recordedAt": [at, untouched, "`recordedAt` by the gateway's"],
  "items.1.data.at": [at, [queued!, "other_claim", received!], refuted],
  "items.1.data.attempt": [9, [queued!, "other_claim", received!], refuted],
  "items.1.evidence": ["AQAA", [queued!, "malformed", received!], refuted],
  "items.2.id": [id, untouched, "the ids of reports"],
  "items.2.type": ["message.read.v1", [queued!, sent!, "other_claim"], refuted],
  "items.2.revision": [1, untouched, "refuted: the event of revision 2 is missing, or not in its place"],
  "items.2.recordedAt": [at, untouched, "`recordedAt` by the gateway's"],
  "items.2.data.at": [at, [queued!, sent!, "other_claim"], refuted],
  "items.2.data.attempt": [9, [queued!, sent!, "other_claim"], refuted],
  "items.2.data.recipient": [anotherSubject, [queued!, sent!, "other_claim"], refuted],
  "items.2.evidence": ["AQAA", [queued!, sent!, "malformed"], refuted],
  "keys.0.agent": ["office", all("other_agent"), refuted],
  "keys.0.keyId": [strangerKey.keyId, all("unknown_key"), refuted],
  "keys.0.signing": [strangerKey.signing, all("unknown_key"), refuted],
  "keys.0.state": ["revoked", untouched, "whether a key was revoked"],
  "keys.0.until": [at, untouched, "whether a key was revoked"],
  ...Object.fromEntries(
    ["recipient.address", "content.body"].flatMap((box) =>
      ["subject", "key", "iv", "box"].flatMap((member) => {
        const path = `items.0.data.${box}.${member}`
        const value = member === "subject" ? anotherSubject : "YWFh"
        return path === "items.0.data.recipient.address.subject"
          ? []
          : [[path, [value, untouched, "the number and the text"] as const]]
      })
    )
  )
}

describe("a member of an export that was altered", () => {
  it.effect("is in this table, whichever it is", () =>
    Effect.map(exported, (content) => assert.sameMembers(Object.keys(table), [...leavesOf(content)]))
  )

  for (const [path, [value, found, words]] of Object.entries(table)) {
    it.effect(`is told as what it is, or not proven: ${path}`, () =>
      Effect.gen(function* () {
        const { findings, text } = yield* toldOf(altered(yield* exported, path, value))
        assert.deepStrictEqual(findings, found)
        assert.include(text, words)
        for (const finding of findings) if (finding in flaws) assert.include(text, flaws[finding as Flaw])
      })
    )
  }

  it.effect("is told where it is when it is no value at all, or is gone", () =>
    Effect.gen(function* () {
      const content = yield* exported
      for (const path of leavesOf(content)) {
        for (const value of ["~", undefined]) {
          const { text, verdict } = yield* toldOf(altered(content, path, value))
          const isToldAside = !table[path]![2].startsWith("refuted")
          const isTold = verdict === "none" ? text.includes(`/${path.replaceAll(".", "/")}`) : text.includes("✘")
          assert.isTrue(isTold || isToldAside, `${path} ${value}: ${text}`)
        }
      }
    })
  )

  it.effect("or was added to what is signed, is told as well", () =>
    Effect.gen(function* () {
      const { findings } = yield* toldOf(altered(yield* exported, "items.1.data.price", 1))
      assert.deepStrictEqual(findings, [queued, "other_claim", received])
      const several = [ours.reports[0]!.header.subject, anotherSubject]
      const { findings: awaited } = yield* toldOf(altered(yield* exported, "items.0.data.recipients", several))
      assert.deepStrictEqual(awaited, ["other_recipients", sent, received])
    })
  )

  it.effect("is told where it stands twice, or is none that an export has", () =>
    Effect.gen(function* () {
      const content = yield* exported
      for (const path of ["price", "items.1.price", "keys.0.price"]) {
        const { text, verdict } = yield* toldOf(altered(content, path, 1))
        assert.strictEqual(verdict, "none", path)
        assert.include(text, "no members but")
      }
      const text = JSON.stringify(content)
      writeFileSync(twofold, text.replace('"evidence":', '"evidence":"AQAA","evidence":'))
      const refusal = yield* Effect.flip(examined({ file: twofold, keys: undefined }))
      assert.include(refusal.message, "prints: a member stands there twice")
      writeFileSync(twofold, text)
      assert.strictEqual((yield* examined({ file: twofold, keys: undefined })).judgement.verdict, "signed")
    })
  )

  it.effect("is not an event that is gone", () =>
    Effect.gen(function* () {
      const { text } = yield* toldOf(altered(yield* exported, "items.0.data.waMessageId", "~"))
      assert.include(text, flaws.unreadable_event)
      assert.notInclude(text, "is missing, or not in its place")
      const { text: empty } = yield* toldOf({ message: ours.message, items: [], keys: [] })
      assert.include(empty, "refuted: there are no events")
    })
  )
})
