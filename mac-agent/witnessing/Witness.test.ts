import { readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { cosignedBy } from "#domain/audit/Cosignature.ts"
import { type NoteSigner, noteIn, noteText, signatureIn, signNote } from "#domain/audit/Note.ts"
import { consistencySpans, emptyRoot, nodesIn, rootOver, type Span } from "#domain/audit/Tree.ts"
import { headText } from "#domain/audit/TreeHead.ts"
import { base64url, utf8 } from "#domain/Bytes.ts"
import { defaultTenant } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { leafHash, nodeHash } from "#domain/MerkleTree.ts"
import { PinStore } from "#domain/ports/PinStore.ts"
import { WitnessMemory } from "#domain/ports/WitnessMemory.ts"
import { encodePayload } from "#domain/testing/EnvelopeFixture.ts"
import { encodeUnsigned } from "#domain/wire/Envelope.ts"
import type { AgentCommand, AgentReport } from "#domain/wire/Protocol.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import * as PinFile from "#infra/pin/File.ts"
import * as WitnessFile from "#infra/witness-memory/File.ts"
import {
  agentId,
  type Gateway,
  gatewayKeys,
  headerOf,
  makeGateway,
  start,
  startAgent,
  trust
} from "../testing/AgentFixture.ts"
import { until } from "../testing/Turns.ts"
import { accept, remembered } from "./Acceptance.ts"

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

let asked = 0
/** Shows a head, a minute after the one before unless told otherwise; answers what the agent reports of it. */
const shows = Effect.fnUntraced(function* (
  gateway: Gateway,
  {
    by = logSigner,
    from,
    seconds = ++asked * 60,
    size,
    tree = log
  }: {
    readonly size: number
    readonly from: number
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
    path: from === 0 ? [] : tree.path(from, size).map(base64url)
  }
  const issuedAt = fromMillis(start + seconds * 1_000)
  const header = headerOf(++asked, {
    direction: "homing/command/4",
    device: "-",
    subject: "-",
    position: "0",
    issuedAt
  })
  const before = gateway.told.length
  yield* Fiber.join(yield* gateway.issue(encodeUnsigned({ header, payload: encodePayload(command) })))
  return Effect.as(
    until("it is told", () => gateway.told.length > before),
    gateway.told
  ).pipe(Effect.map((told) => told[before]!.report as AgentReport))
})
const answer = (...of: Parameters<typeof shows>) => Effect.flatten(shows(...of))
const named = (report: AgentReport) =>
  report.kind === "head_refused" ? [report.reason, report.believed, report.offered] : [report.kind]

/** What an operator has at the agent's machine: its folder, and no gateway. */
const atTheMachine = ({ file }: Gateway) =>
  Layer.mergeAll(PinFile.layer(`${file}.trust`), WitnessFile.layer(`${file}.witness`), NodeCrypto.layer)
const pin = {
  tenant: defaultTenant,
  agent: agentId,
  store: origin.slice("homing/".length),
  epoch: 1,
  revision: 1,
  protocol: 4,
  gatewayKeys: [
    {
      keyId: "0".repeat(16),
      signing: base64url(gatewayKeys.publicKey),
      agreement: base64url(gatewayKeys.publicKey),
      state: "active" as const
    }
  ],
  agentKeys: ["0".repeat(16)]
}

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

  it.effect("goes on from another head when an operator names both at its machine, and keeps both", () =>
    Effect.gen(function* () {
      const gateway = yield* makeGateway
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* startAgent(gateway, { protocol: 4 })
          yield* answer(gateway, { size: 5, from: 0 })
          assert.strictEqual(named(yield* answer(gateway, { size: 3, from: 0, tree: other }))[0], "rolled_back")
        })
      )
      const [cosigned, putBack] = [yield* noteOf(log, 5), yield* noteOf(other, 3)]
      const words = `5 ${log.root(5).toBase64()}`
      yield* Effect.gen(function* () {
        const unpinned = yield* Effect.flip(accept(agentId, putBack, words))
        assert.include(unpinned.message, "has pinned no gateway")
        yield* (yield* PinStore).write({ generations: 1, pin })
        assert.strictEqual((yield* remembered(agentId)).note, cosigned)
        const unseen = yield* Effect.flip(accept(agentId, putBack, `5 ${other.root(5).toBase64()}`))
        assert.include(unseen.message, `agent home cosigned ${words}, and not`)
        const forged = yield* noteOf(other, 3, { ...witness, name: origin, type: 1 })
        const unsigned = yield* Effect.flip(accept(agentId, forged, words))
        assert.include(unsigned.message, "this is no tree head")
        assert.strictEqual((yield* remembered(agentId)).note, cosigned)
        const accepted = yield* accept(agentId, putBack, words)
        assert.deepStrictEqual(accepted, { before: words, now: `3 ${other.root(3).toBase64()}` })
      }).pipe(Effect.provide(atTheMachine(gateway)))

      yield* startAgent(gateway, { protocol: 4 })
      assert.strictEqual(named(yield* answer(gateway, { size: 6, from: 5, seconds: 100_000 }))[0], "behind")
      assert.strictEqual((yield* answer(gateway, { size: 6, from: 3, tree: other })).kind, "cosigned")
      const { accepted } = yield* Effect.provide(remembered(agentId), atTheMachine(gateway))
      assert.deepStrictEqual(
        accepted.map(({ insteadOf, note }) => [insteadOf, note]),
        [[cosigned, putBack]]
      )
    })
  )

  it.effect("reads what an earlier release remembered", () =>
    Effect.gen(function* () {
      const gateway = yield* makeGateway
      const note = yield* noteOf(log, 3)
      writeFileSync(
        `${gateway.file}.witness`,
        JSON.stringify({ v: 1, logs: { [origin]: { note, askedAt: fromMillis(start) } } })
      )
      const kept = yield* Effect.flatMap(WitnessMemory, ({ read }) => read(origin)).pipe(
        Effect.provide(atTheMachine(gateway))
      )
      assert.deepStrictEqual(kept, { note, askedAt: fromMillis(start), accepted: [] })
      yield* startAgent(gateway, { protocol: 4 })
      assert.strictEqual(named(yield* answer(gateway, { size: 3, from: 3, tree: other }))[0], "forked")
    })
  )
})
