import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { InboundId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { encodePayload } from "#domain/testing/EnvelopeFixture.ts"
import { encodeUnsigned, type Header } from "#domain/wire/Envelope.ts"
import { box } from "#domain/wire/Protocol.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import {
  acknowledgementOf,
  commandKey,
  connect,
  device,
  type Gateway,
  headerOf,
  makeGateway,
  start,
  startAgent
} from "../testing/AgentFixture.ts"
import { pass, until } from "../testing/Turns.ts"

const factOf = (n: number) => InboundId.make(`0196f3c0-0000-8000-8000-00000000000${n}`)

/** A command to mark fact number `n` as read. */
const readOf = (n: number, over: Partial<Header> = {}) => {
  const header = headerOf(n, { direction: "homing/command/3", subject: "-", ...over })
  const sender = { kind: "person", phone: "+15551234567" }
  const personal = { chat: sender, target: { waMessageId: `A${n}`, fromMe: false, sender } }
  const command = { kind: "read", fact: factOf(n), box: box(crypto, commandKey, header, personal) } as const
  return encodeUnsigned({ header, payload: encodePayload(command) })
}

const marks = ({ told }: Gateway) =>
  told.flatMap(({ header, report }) => (report.kind === "read_marked" ? [[report.fact, header.attempt] as const] : []))

describe("what is to be marked as read", () => {
  it.effect("is told to WhatsApp when its device is connected, and reported once however often it is asked", () =>
    Effect.gen(function* () {
      const gateway = yield* makeGateway
      const { reads } = yield* startAgent(gateway)
      yield* gateway.issue(readOf(1), readOf(2, { attempt: "1" }))
      yield* pass(10)
      assert.deepStrictEqual(reads, [])
      yield* gateway.issue(readOf(2, { attempt: "2" }))
      yield* connect(gateway, device)
      yield* until("both are told", () => marks(gateway).length === 2)
      assert.deepStrictEqual(
        reads.map(({ target }) => target.waMessageId),
        ["A1", "A2"]
      )
      assert.deepStrictEqual(marks(gateway).toSorted(), [
        [factOf(1), "1"],
        [factOf(2), "2"]
      ])
    })
  )

  it.effect("is tried again while WhatsApp may not have heard, and not when its time is over", () =>
    Effect.gen(function* () {
      const gateway = yield* makeGateway
      let hears = false
      const { reads } = yield* startAgent(gateway, { hearsReading: () => hears })
      yield* connect(gateway, device)
      yield* gateway.issue(readOf(1), readOf(2, { expiresAt: fromMillis(start + 10_000) }))
      yield* pass(10)
      hears = true
      assert.deepStrictEqual(marks(gateway), [])
      yield* TestClock.adjust("16 seconds")
      yield* until("it is told", () => marks(gateway).length > 0)
      yield* pass(10)
      assert.deepStrictEqual([reads.length, new Set(marks(gateway).map(String))], [1, new Set([`${factOf(1)},1`])])
    })
  )

  it.effect("is reported until the gateway has it, also by the next life", () =>
    Effect.gen(function* () {
      const gateway = yield* makeGateway
      const life = yield* Scope.fork(yield* Effect.scope)
      yield* Scope.provide(startAgent(gateway), life)
      yield* connect(gateway, device)
      yield* gateway.issue(readOf(1))
      yield* until("it is told", () => marks(gateway).length === 1)
      yield* Scope.close(life, Exit.void)
      yield* startAgent(gateway)
      yield* until("it is told once more", () => marks(gateway).length === 2)
      const { id } = gateway.told.find(({ report }) => report.kind === "read_marked")!
      yield* gateway.issue(acknowledgementOf(9, [id]))
      yield* pass(10)
      yield* TestClock.adjust("10 minutes")
      yield* pass(10)
      assert.strictEqual(marks(gateway).length, 2)
    })
  )
})
