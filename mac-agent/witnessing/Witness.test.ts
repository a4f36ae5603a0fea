import { readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { cosign, cosignedBy } from "#domain/audit/Cosignature.ts"
import { type NoteSigner, noteIn, noteText, signatureIn, signatureLine, signNote } from "#domain/audit/Note.ts"
import { consistencySpans, emptyRoot, nodesIn, rootOver, type Span } from "#domain/audit/Tree.ts"
import { headText } from "#domain/audit/TreeHead.ts"
import { base64url, utf8 } from "#domain/Bytes.ts"
import { fromMillis } from "#domain/Instant.ts"
import { leafHash, nodeHash } from "#domain/MerkleTree.ts"
import { encodePayload } from "#domain/testing/EnvelopeFixture.ts"
import { encodeUnsigned } from "#domain/wire/Envelope.ts"
import type { AgentCommand, AgentReport, CosignedBeside } from "#domain/wire/Protocol.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { type Gateway, gatewayKeys, headerOf, makeGateway, start, startAgent, trust } from "../testing/AgentFixture.ts"
import { until } from "../testing/Turns.ts"

const { sha256 } = crypto
const { origin, signer: witness } = trust.witnessing
const logSigner: NoteSigner = {
  name: origin,
  type: 1,
  publicKey: Uint8Array.from(gatewayKeys.publicKey),
  key: gatewayKeys.key
}

const treeOf = (entries: ReadonlyArray<string>) => {
  const leaves = entries.map((entry) => leafHash(sha256, utf8(entry)))
  const whole = (from: number, to: number): Uint8Array =>
    to - from === 1 ? leaves[from]! : nodeHash(sha256, whole(from, (from + to) / 2), whole((from + to) / 2, to))
  const rootOf = (span: Span) =>
    rootOver(
      sha256,
      nodesIn(span).map(({ height, index }) => whole(index * 2 ** height, (index + 1) * 2 ** height))
    )
  return {
    root: (size: number) => (size === 0 ? emptyRoot(sha256) : rootOf({ start: 0, end: size })),
    path: (from: number, to: number) => consistencySpans(from, to).map(rootOf)
  }
}
const log = treeOf(["a", "b", "c", "d", "e", "f"])
const other = treeOf(["a", "b", "X", "d", "e", "f"])

const noteOf = (tree: typeof log, size: number, by = logSigner) => {
  const text = headText({ origin, size, root: tree.root(size) })
  return Effect.map(signNote(crypto, by, text), (line) => noteText({ text, signatures: [line] }))
}

const witnessWith = (seed: number): NoteSigner => {
  const { key, publicKey } = crypto.signingKey(new Uint8Array(32).fill(seed))
  return { name: `${origin}/abroad`, type: 4, publicKey: Uint8Array.from(publicKey), key }
}
const abroad = witnessWith(77)

/** That another witness cosigned the tree at this size, as the gateway shows it beside a head of size `to`. */
const beside = Effect.fnUntraced(function* (
  size: number,
  to: number,
  {
    by = abroad,
    onward = log,
    seconds = start / 1_000,
    tree = log
  }: {
    readonly tree?: typeof log
    readonly onward?: typeof log
    readonly by?: NoteSigner
    readonly seconds?: number
  } = {}
) {
  const note = yield* noteOf(tree, size)
  const line = signatureLine(yield* cosign(crypto, by, noteIn(note)!.text, seconds))
  const path = size < to ? onward.path(size, to).map(base64url) : []
  return { publicKey: base64url(by.publicKey), note: note + line, path } satisfies CosignedBeside
})

let asked = 0
/** Shows a head, a minute after the one before unless told otherwise; answers what the agent reports of it. */
const shows = Effect.fnUntraced(function* (
  gateway: Gateway,
  {
    by = logSigner,
    from,
    others,
    seconds = ++asked * 60,
    size,
    tree = log
  }: {
    readonly size: number
    readonly from: number
    readonly others?: ReadonlyArray<CosignedBeside>
    readonly tree?: typeof log
    readonly by?: NoteSigner
    readonly seconds?: number
  }
) {
  const note = yield* noteOf(tree, size, by)
  const command: AgentCommand = {
    kind: "witness",
    note,
    from,
    path: from === 0 ? [] : tree.path(from, size).map(base64url),
    ...(others !== undefined && { others })
  }
  const issuedAt = fromMillis(start + seconds * 1_000)
  const header = headerOf(++asked, {
    direction: "homing/command/4",
    device: "-",
    subject: "-",
    position: "0",
    issuedAt,
    expiresAt: fromMillis(start + 7 * day)
  })
  const before = gateway.told.length
  yield* Fiber.join(yield* gateway.issue(encodeUnsigned({ header, payload: encodePayload(command) })))
  return Effect.as(
    until("it is told", () => gateway.told.length > before),
    gateway.told
  ).pipe(Effect.map((told) => told[before]!.report as AgentReport))
})
const answer = (...of: Parameters<typeof shows>) => Effect.flatten(shows(...of))
const day = 24 * 3_600_000
const named = (report: AgentReport) =>
  report.kind === "head_refused" ? [report.reason, report.believed, report.offered] : [report.kind]

describe("an agent as a witness", () => {
  it.effect("cosigns what continues what it cosigned, and nothing else, also after a restart", () =>
    Effect.gen(function* () {
      const gateway = yield* makeGateway
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* startAgent(gateway, { protocol: 4 })
          const first = yield* answer(gateway, { size: 3, from: 0 })
          assert(first.kind === "cosigned")
          const note = noteIn(yield* noteOf(log, 3))!
          const line = signatureIn(first.line.trimEnd())!
          assert.strictEqual(first.size, 3)
          assert.strictEqual(yield* cosignedBy(crypto, { ...note, signatures: [line] }, witness), start / 1_000)
          assert.strictEqual((yield* answer(gateway, { size: 5, from: 3 })).kind, "cosigned")
          assert.strictEqual((yield* answer(gateway, { size: 5, from: 5 })).kind, "cosigned")
          const behind = yield* answer(gateway, { size: 6, from: 3 })
          assert.deepStrictEqual(named(behind), ["behind", yield* noteOf(log, 5), yield* noteOf(log, 6)])
        })
      )
      const { refusals } = yield* startAgent(gateway, { protocol: 4 })
      const believed = yield* noteOf(log, 5)
      const older = yield* answer(gateway, { size: 3, from: 0 })
      assert.deepStrictEqual(named(older), ["rolled_back", believed, yield* noteOf(log, 3)])
      const same = yield* answer(gateway, { size: 5, from: 5, tree: other })
      assert.deepStrictEqual(named(same), ["forked", believed, yield* noteOf(other, 5)])
      const longer = yield* answer(gateway, { size: 6, from: 5, tree: other })
      assert.deepStrictEqual(named(longer), ["forked", believed, yield* noteOf(other, 6)])
      assert.strictEqual((yield* answer(gateway, { size: 6, from: 5 })).kind, "cosigned")
      yield* TestClock.adjust("2 seconds")
      const kept = (yield* refusals.latest(10)).map(({ reason }) => reason)
      assert.sameMembers(kept, ["head_rolled_back", "head_forked", "head_forked"])
    })
  )

  it.effect("takes a head of a moment ago for overtaken, and one that the log did not sign for none", () =>
    Effect.gen(function* () {
      const gateway = yield* makeGateway
      yield* startAgent(gateway, { protocol: 4 })
      yield* answer(gateway, { size: 5, from: 0, seconds: 600 })
      const older = yield* answer(gateway, { size: 3, from: 0, seconds: 605 })
      assert.strictEqual(named(older)[0], "older")
      const before = gateway.told.length
      yield* shows(gateway, { size: 6, from: 5, by: { ...witness, name: origin, type: 1 } })
      assert.strictEqual((yield* answer(gateway, { size: 6, from: 5 })).kind, "cosigned")
      assert.strictEqual(gateway.told.length, before + 1)
    })
  )

  it.effect("believes nothing anew when its memory is damaged", () =>
    Effect.gen(function* () {
      const gateway = yield* makeGateway
      yield* startAgent(gateway, { protocol: 4 })
      yield* answer(gateway, { size: 3, from: 0 })
      const file = `${gateway.file}.witness`
      const kept = readFileSync(file, "utf8")
      writeFileSync(file, "{}")
      const before = gateway.told.length
      yield* shows(gateway, { size: 5, from: 0, tree: other })
      writeFileSync(file, kept)
      const forked = yield* answer(gateway, { size: 5, from: 3, tree: other })
      assert.strictEqual(named(forked)[0], "forked")
      assert.strictEqual(gateway.told.length, before + 1)
    })
  )

  it.effect("cosigns nothing that does not continue what another witness cosigned", () =>
    Effect.gen(function* () {
      const gateway = yield* makeGateway
      const { refusals } = yield* startAgent(gateway, { protocol: 4 })
      const theirs = yield* beside(3, 5, { onward: other })
      const forked = yield* answer(gateway, { size: 5, from: 0, tree: other, others: [theirs] })
      assert.deepStrictEqual(named(forked), ["forked", theirs.note, yield* noteOf(other, 5)])
      const same = yield* answer(gateway, { size: 3, from: 0, tree: other, others: [yield* beside(3, 3)] })
      assert.strictEqual(named(same)[0], "forked")
      const grown = yield* answer(gateway, { size: 5, from: 0, others: [yield* beside(3, 5)] })
      assert.strictEqual(grown.kind, "cosigned")
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(
        (yield* refusals.latest(10)).map(({ reason }) => reason),
        ["head_forked", "head_forked"]
      )
    })
  )

  it.effect("cosigns nothing more when another witness has not cosigned this history for a day", () =>
    Effect.gen(function* () {
      const gateway = yield* makeGateway
      const theirs = yield* beside(3, 3)
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* startAgent(gateway, { protocol: 4 })
          assert.strictEqual((yield* answer(gateway, { size: 3, from: 0, others: [theirs] })).kind, "cosigned")
          yield* TestClock.setTime(start + day - 60_000)
          assert.strictEqual((yield* answer(gateway, { size: 4, from: 3 })).kind, "cosigned")
        })
      )
      yield* startAgent(gateway, { protocol: 4 })
      yield* TestClock.setTime(start + day + 60_000)
      const alone = yield* answer(gateway, { size: 5, from: 4, others: [yield* beside(3, 5)] })
      assert.deepStrictEqual(named(alone), ["alone", theirs.note, yield* noteOf(log, 5)])
      assert.strictEqual((yield* answer(gateway, { size: 4, from: 4 })).kind === "cosigned", false)

      const forged = yield* beside(5, 5, { by: witnessWith(78), seconds: (start + day) / 1_000 })
      assert.strictEqual(named(yield* answer(gateway, { size: 5, from: 4, others: [forged] }))[0], "alone")
      const back = yield* beside(5, 5, { seconds: (start + day) / 1_000 })
      assert.strictEqual((yield* answer(gateway, { size: 5, from: 4, others: [back] })).kind, "cosigned")
    })
  )
})
