import { assert, it } from "@effect/vitest"
import { Clock, Deferred, Effect } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import type { SendOutcome } from "#domain/ports/WhatsApp.ts"
import { connect, device, makeGateway, numbersOf, sendOf, start, startAgent } from "../testing/AgentFixture.ts"
import { pass, until } from "../testing/Turns.ts"

const acked: SendOutcome = { _tag: "Acked", at: fromMillis(start) }
const numberOf = (message: { readonly waMessageId: string }) => numbersOf([message])[0]!
const toEach = (n: number) => sendOf(n, { header: { subject: "S".repeat(41) + String(n + 10) } })

it.effect("looks a number up again later each time, and no sooner because more is to be sent there", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const tries: Array<number> = []
    const { sent } = yield* startAgent(gateway, {
      outcome: () =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          tries.push((now - start) / 1_000)
          return { _tag: "NotSent", reason: "lookup_failed", final: false }
        })
    })
    yield* connect(gateway, device)
    yield* gateway.issue(sendOf(1))
    for (const n of [2, 3, 4]) {
      yield* pass(30 * 60)
      yield* gateway.issue(sendOf(n))
    }
    assert.deepStrictEqual(new Set(numbersOf(sent)), new Set([1]))
    const pauses = tries.slice(1).map((at, i) => at - tries[i]!)
    assert.isAbove(pauses.length, 10)
    for (const [i, pause] of pauses.entries()) {
      const longest = Math.min(2 * 2 ** i, 15 * 60)
      assert.isTrue(pause >= longest / 2 && pause < longest + 2, `pause ${i}: ${pause} s`)
    }
  })
)

it.effect("a device that is back sends a few at a time, each chat in its turn", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const outcomes = new Map<number, Deferred.Deferred<SendOutcome>>()
    const { sent, steps, tell } = yield* startAgent(gateway, {
      sendsAtOnce: 3,
      outcome: (message) => {
        const held = Deferred.makeUnsafe<SendOutcome>()
        outcomes.set(numberOf(message), held)
        return Deferred.await(held)
      }
    })
    yield* connect(gateway, device)
    yield* tell({ _tag: "Disconnected", device, reason: "connection_lost", final: false })
    yield* until("it is away", () => gateway.changes(device).at(-1) === "disconnected")
    yield* gateway.issue(...[1, 2, 3, 4, 5].map(toEach))
    yield* until("they have arrived", () => steps.includes("agent.received"))
    yield* tell({ _tag: "Connected", device })
    yield* until("some are under way", () => sent.length === 3)
    yield* gateway.issue(toEach(6))
    yield* pass(10)
    assert.deepStrictEqual(numbersOf(sent), [1, 2, 3])
    for (const n of [2, 1, 3, 4, 5, 6]) {
      yield* until("it is under way", () => outcomes.has(n))
      yield* Deferred.succeed(outcomes.get(n)!, acked)
      yield* until("it is sent", () => gateway.claims(n)[0] === "sent")
    }
    assert.deepStrictEqual(numbersOf(sent), [1, 2, 3, 4, 5, 6])
  })
)

it.effect("what may have left is tried again although its chat is never empty", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    let first = true
    const { sent } = yield* startAgent(gateway, {
      outcome: (message) => {
        if (numberOf(message) !== 1) return Effect.delay(Effect.succeed(acked), "1500 millis")
        const outcome: SendOutcome = first ? { _tag: "Unknown", reason: "ack_timeout" } : acked
        first = false
        return Effect.succeed(outcome)
      }
    })
    yield* connect(gateway, device)
    yield* gateway.issue(...Array.from({ length: 40 }, (_, i) => sendOf(i + 1)))
    yield* until("it is unclear", () => gateway.claims(1)[0] === "unknown")
    yield* pass(20)
    assert.isBelow(sent.length, 20)
    assert.deepStrictEqual(gateway.claims(1), ["unknown", "sent"])
    const others = numbersOf(sent).filter((n) => n !== 1)
    assert.deepStrictEqual(
      others,
      others.toSorted((a, b) => a - b)
    )
  })
)
