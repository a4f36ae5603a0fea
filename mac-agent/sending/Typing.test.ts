import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { fromMillis } from "#domain/Instant.ts"
import type { SendOutcome } from "#domain/ports/WhatsApp.ts"
import {
  bob,
  connect,
  device,
  makeGateway,
  numbersOf,
  sendOf,
  start,
  startAgent,
  waMessageIdOf
} from "../testing/AgentFixture.ts"
import { turns, until } from "../testing/Turns.ts"

/** Takes longer to write than there is patience for. */
const text = "a text of some length, and more of it".repeat(5)

const typing = Effect.fnUntraced(function* (options: Parameters<typeof startAgent>[1] = {}) {
  const gateway = yield* makeGateway
  const agent = yield* startAgent(gateway, { typingMillis: 3_000, ...options })
  yield* connect(gateway, device)
  return { ...agent, gateway, numbers: () => numbersOf(agent.sent) }
})

describe("writing", () => {
  it.effect("is seen before a message leaves, as long as it takes and no longer, in the order of its chat", () =>
    Effect.gen(function* () {
      const { gateway, numbers, typed } = yield* typing()
      yield* gateway.issue(
        sendOf(1, { text }),
        sendOf(2, { text: "ok" }),
        sendOf(3, { header: { subject: bob }, text })
      )
      yield* until("two are written", () => typed.length === 2)
      yield* TestClock.adjust(2_900)
      yield* turns
      assert.deepStrictEqual([numbers(), gateway.claims(1)], [[], []])
      yield* TestClock.adjust(100)
      yield* until("both have left, and the next is written", () => numbers().length === 2 && typed.length === 3)
      yield* TestClock.adjust(121)
      yield* until("it has left", () => gateway.claims(2).includes("sent"))
      assert.deepStrictEqual(numbers().toSorted(), [1, 2, 3])
    })
  )

  it.effect("holds up nothing whose time is short, and nothing that was tried before", () =>
    Effect.gen(function* () {
      let tries = 0
      const { gateway, numbers, typed } = yield* typing({
        outcome: ({ waMessageId }) =>
          Effect.sync((): SendOutcome => {
            if (waMessageId === waMessageIdOf(2) && ++tries === 1) {
              return { _tag: "NotSent", reason: "not_connected", final: false }
            }
            return { _tag: "Acked", at: fromMillis(start) }
          })
      })
      yield* gateway.issue(sendOf(1, { text, header: { expiresAt: fromMillis(start + 20_000) } }))
      yield* until("it has left at once", () => gateway.claims(1).includes("sent"))
      assert.deepStrictEqual(typed, [])
      yield* gateway.issue(sendOf(2, { text }))
      yield* until("it is written", () => typed.length === 1)
      yield* TestClock.adjust(3_000)
      yield* until("it did not leave", () => tries === 1)
      yield* TestClock.adjust(2_999)
      yield* until("it leaves without being written again", () => gateway.claims(2).includes("sent"))
      assert.deepStrictEqual([typed.length, numbers()], [1, [1, 2, 2]])
    })
  )

  it.effect("ends when the agent stops, and what was written is sent by the next one", () =>
    Effect.gen(function* () {
      const gateway = yield* makeGateway
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { typed } = yield* startAgent(gateway, { typingMillis: 3_000, drainMillis: () => 10_000 })
          yield* connect(gateway, device)
          yield* gateway.issue(sendOf(1, { text }))
          yield* until("it is written", () => typed.length === 1)
        })
      )
      assert.deepStrictEqual(gateway.claims(1), [])
      const { sent } = yield* startAgent(gateway)
      yield* until("it has left", () => gateway.claims(1).includes("sent"))
      assert.deepStrictEqual([numbersOf(sent), gateway.claims(1)], [[1], ["sent"]])
    })
  )
})
