import { writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import { WitnessMemory } from "#domain/ports/WitnessMemory.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as WitnessFile from "#infra/witness-memory/File.ts"
import { Trust } from "../link/Trust.ts"
import { type Gateway, makeGateway, start, startAgent, trust } from "../testing/AgentFixture.ts"
import { answer, log, named, noteOf, origin, other, witness } from "../testing/WitnessFixture.ts"
import { accept, remembered } from "./Acceptance.ts"

/** What an operator has at the agent's machine: its folder, and no gateway. */
const atTheMachine = ({ file }: Gateway) =>
  Layer.mergeAll(Layer.succeed(Trust, trust), WitnessFile.layer(`${file}.witness`), NodeCrypto.layer)

describe("a log that was put back on purpose", () => {
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
        assert.strictEqual((yield* remembered).note, cosigned)
        const unseen = yield* Effect.flip(accept(putBack, `5 ${other.root(5).toBase64()}`))
        assert.include(unseen.message, `agent home cosigned ${words}, and not`)
        const forged = yield* noteOf(other, 3, { ...witness, name: origin, type: 1 })
        const unsigned = yield* Effect.flip(accept(forged, words))
        assert.include(unsigned.message, "this is no tree head")
        assert.strictEqual((yield* remembered).note, cosigned)
        const accepted = yield* accept(putBack, words)
        assert.deepStrictEqual(accepted, { before: words, now: `3 ${other.root(3).toBase64()}` })
      }).pipe(Effect.provide(atTheMachine(gateway)))

      yield* startAgent(gateway, { protocol: 4 })
      assert.strictEqual(named(yield* answer(gateway, { size: 6, from: 5, seconds: 100_000 }))[0], "behind")
      assert.strictEqual((yield* answer(gateway, { size: 6, from: 3, tree: other })).kind, "cosigned")
      const { accepted } = yield* Effect.provide(remembered, atTheMachine(gateway))
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
      assert.deepStrictEqual(kept, { note, askedAt: fromMillis(start), others: [], accepted: [] })
      yield* startAgent(gateway, { protocol: 4 })
      assert.strictEqual(named(yield* answer(gateway, { size: 3, from: 3, tree: other }))[0], "forked")
    })
  )
})
