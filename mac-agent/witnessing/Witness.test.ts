import { readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { cosignedBy } from "#domain/audit/Cosignature.ts"
import { noteIn, signatureIn } from "#domain/audit/Note.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { makeGateway, start, startAgent } from "../testing/AgentFixture.ts"
import {
  answer,
  beside,
  day,
  log,
  named,
  noteOf,
  origin,
  other,
  shows,
  witness,
  witnessWith
} from "../testing/WitnessFixture.ts"

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
