import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { stripVTControlCharacters } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { base64url, fromBase64url, hex } from "#domain/Bytes.ts"
import { examine, type History, type SigningKey } from "#domain/evidence/Evidence.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { agentKey, historyOf, stranger } from "#domain/testing/HistoryFixture.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { render } from "#services/cli/EvidenceText.ts"
import { folder } from "./Homing.ts"

/** docs/evidence.md does what it says: its example is one, and its verifier, which shares no code with ours, agrees with it. */

const text = readFileSync(join(import.meta.dirname, "../docs/evidence.md"), "utf8")
const blocks = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)].map(([, kind, lines]) => ({ kind, lines: lines! }))
const blockOf = (fits: (lines: string) => boolean) => blocks.find(({ lines }) => fits(lines))!.lines

type Exported = History & { readonly keys: ReadonlyArray<SigningKey> }

/** For each event "signed", "unsigned", or anything else. */
type Check = (history: Exported) => ReadonlyArray<string>

const independent = Effect.gen(function* () {
  const file = join(yield* folder, "verify.mjs")
  writeFileSync(
    file,
    blockOf((lines) => lines.includes("node:crypto"))
  )
  const { check } = yield* Effect.promise(() => import(/* @vite-ignore */ pathToFileURL(file).href))
  return check as Check
})

const judge = ({ keys, ...history }: Exported) => Effect.provideService(examine(history, keys), Crypto, crypto)
const ours = (history: Exported) =>
  Effect.map(judge(history), ({ findings }) => findings.map(({ _tag }) => _tag.toLowerCase()))
const theirs = (check: Check, history: Exported) =>
  check(history).map((answer) => (answer === "signed" || answer === "unsigned" ? answer : "refuted"))

describe("docs/evidence.md", () => {
  const example = JSON.parse(blockOf((lines) => lines.startsWith("{")))

  it.live("shows an export, and what is said of it", () =>
    Effect.gen(function* () {
      const genuine = yield* historyOf(7)
      assert.deepStrictEqual(example, { ...genuine, keys: [{ ...agentKey, state: "active", until: null }] })
      const judgement = yield* judge(example)
      assert.strictEqual(judgement.verdict, "signed")
      const shown = render({ history: example, judgement, keysFrom: undefined })
      assert.strictEqual(
        stripVTControlCharacters(`${shown.join("\n")}\n`),
        blockOf((lines) => lines.startsWith("message "))
      )
    })
  )

  it("takes its envelope apart, to the last byte", () => {
    const rows = [...text.matchAll(/^\| (\d+) +\| `([0-9a-f]+)` +\|/gm)].map(([, offset, bytes]) => ({
      offset: Number(offset),
      bytes: bytes!
    }))
    let at = 0
    for (const { bytes, offset } of rows) {
      assert.strictEqual(offset, at)
      at += bytes.length / 2
    }
    assert.include(text, `and what is signed, at ${at}:`)
    const signed = blockOf((lines) => lines.startsWith("15:homing/report")).trimEnd()
    const whole = rows.map(({ bytes }) => bytes).join("") + hex(new TextEncoder().encode(signed))
    assert.strictEqual(whole, hex(fromBase64url(example.items[1].evidence)))
  })
})

describe("a verifier of nothing but node:crypto", () => {
  it.live("agrees on a hundred histories", () =>
    Effect.gen(function* () {
      const check = yield* independent
      for (let n = 0; n < 100; n++) {
        const history = yield* historyOf(n)
        assert.deepStrictEqual(theirs(check, history), yield* ours(history))
        assert.deepStrictEqual(
          check(history),
          history.items.map((_, i) => (i === 0 ? "unsigned" : "signed"))
        )
      }
    })
  )

  const changed = (history: Exported, at: number, evidence: string): Exported => ({
    ...history,
    items: history.items.map((event, i) => (i === at ? { ...event, evidence } : event))
  })
  const bytesOf = ({ items }: Exported, at: number) => fromBase64url(items[at]!.evidence!)

  /** Of a history of at least two reports: its last is forged. */
  const forgeries: Readonly<Record<string, (history: Exported, n: number) => Effect.Effect<Exported>>> = {
    "a wrong key": (history, n) => Effect.map(historyOf(n, { by: stranger }), ({ items }) => ({ ...history, items })),
    "an altered byte": (history, n) => {
      const at = history.items.length - 1
      const bytes = bytesOf(history, at)
      bytes[(n * 7919) % bytes.length]! ^= 1
      return Effect.succeed(changed(history, at, base64url(bytes)))
    },
    "another message's evidence": (history, n) =>
      Effect.map(historyOf(n + 7), ({ items }) => changed(history, items.length - 1, items.at(-1)!.evidence as string)),
    "a truncated envelope": (history, n) => {
      const at = history.items.length - 1
      return Effect.succeed(changed(history, at, base64url(bytesOf(history, at).subarray(0, -1 - n))))
    },
    "a report whose signature is gone": (history) => {
      const { evidence: _, ...stripped } = history.items.at(-1)!
      return Effect.succeed({ ...history, items: [...history.items.slice(0, -1), stripped] })
    },
    "a report that is told twice": (history) => {
      const again = { ...history.items.at(-1)!, revision: history.items.length }
      return Effect.succeed({ ...history, items: [...history.items, again] })
    },
    "a report from another lane": (_, n) =>
      historyOf(n, { changed: (one) => ({ ...one, header: { ...one.header, lane: "homing.reports.office" } }) }),
    "a swapped event": (history) => {
      const [last, before] = [history.items.length - 1, history.items.length - 2]
      const swapped = changed(history, last, history.items[before]!.evidence!)
      return Effect.succeed(changed(swapped, before, history.items[last]!.evidence!))
    }
  }
  for (const [kind, forge] of Object.entries(forgeries)) {
    it.live(`refutes four histories with ${kind}, as ours does`, () =>
      Effect.gen(function* () {
        const check = yield* independent
        for (const n of [1, 2, 3, 4]) {
          const forged = yield* forge(yield* historyOf(n), n)
          const found = yield* ours(forged)
          assert.deepStrictEqual(theirs(check, forged), found, `history ${n}`)
          assert.strictEqual(found.at(-1), "refuted", `history ${n}`)
          assert.strictEqual((yield* judge(forged)).verdict, "refuted")
        }
      })
    )
  }
})
