import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import type { SendOutcome } from "#domain/ports/WhatsApp.ts"
import {
  bob,
  connect,
  device,
  type Gateway,
  makeGateway,
  numbersOf,
  sendOf,
  start,
  startAgent,
  waMessageIdOf
} from "../testing/AgentFixture.ts"
import { pass, until } from "../testing/Turns.ts"

const at = fromMillis(start)
const acked: SendOutcome = { _tag: "Acked", at }

/** An agent with a connected device that is stopped, as by a signal, while the test goes on. */
const stoppable = Effect.fnUntraced(function* (gateway: Gateway, options: Parameters<typeof startAgent>[1]) {
  const started = yield* Deferred.make<Effect.Success<ReturnType<typeof startAgent>>>()
  const life = startAgent(gateway, { drainMillis: 10_000, ...options }).pipe(
    Effect.flatMap((agent) => Deferred.succeed(started, agent)),
    Effect.andThen(Effect.never),
    Effect.scoped
  )
  const running = yield* Effect.forkScoped(life)
  const agent = yield* Deferred.await(started)
  yield* connect(gateway, device)
  return { ...agent, stop: Effect.forkScoped(Fiber.interrupt(running), { startImmediately: true }) }
})

/** What the next start says and sends. */
const afterRestart = Effect.fnUntraced(function* (gateway: Gateway) {
  const { sent } = yield* startAgent(gateway)
  yield* pass(20)
  return numbersOf(sent)
})

it.effect("a stop waits for the word on what is under way, and begins nothing more", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const held = yield* Deferred.make<SendOutcome>()
    const order: Array<string> = []
    const { sent, stop, tell } = yield* stoppable(gateway, {
      closed: () => order.push("closed"),
      outcome: ({ waMessageId }) =>
        waMessageId === waMessageIdOf(1)
          ? Effect.tap(Deferred.await(held), () => Effect.sync(() => order.push("acknowledged")))
          : Effect.succeed(acked)
    })
    yield* gateway.issue(sendOf(3, { header: { subject: bob } }), sendOf(1), sendOf(2))
    yield* until("one is sent, one under way", () => gateway.claims(3).length > 0 && sent.length === 2)
    const stopping = yield* stop
    yield* tell({ _tag: "Receipt", device, waMessageId: waMessageIdOf(3), kind: "read", at })
    yield* until("what is told is still heard", () => gateway.claims(3).includes("read"))
    yield* pass(8)
    assert.isUndefined(stopping.pollUnsafe())
    yield* Deferred.succeed(held, acked)
    yield* Fiber.join(stopping)
    assert.deepStrictEqual(
      [order, numbersOf(sent)],
      [
        ["acknowledged", "closed"],
        [3, 1]
      ]
    )
    assert.deepStrictEqual(yield* afterRestart(gateway), [2])
    assert.deepStrictEqual([gateway.claims(1), gateway.claims(2)], [["sent"], ["sent"]])
  })
)

it.effect("a stop waits no longer than that", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { sent, stop } = yield* stoppable(gateway, { outcome: () => Effect.never })
    yield* gateway.issue(sendOf(1))
    yield* until("it is under way", () => sent.length === 1)
    const stopping = yield* stop
    yield* pass(9)
    assert.isUndefined(stopping.pollUnsafe())
    yield* pass(2)
    yield* Fiber.join(stopping)
    assert.deepStrictEqual(yield* afterRestart(gateway), [1])
    assert.deepStrictEqual(gateway.claims(1), ["unknown", "sent"])
  })
)

it.effect("a stop waits for nothing when nothing is under way", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { stop } = yield* stoppable(gateway, {})
    yield* gateway.issue(sendOf(1))
    yield* until("it is sent", () => gateway.claims(1).length > 0)
    yield* Fiber.join(yield* stop)
  })
)

it.effect("what the ledger took as being attempted is attempted, though the stop came before it had", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const writing = yield* Deferred.make<void>()
    const { sent, steps, stop } = yield* stoppable(gateway, {
      ledger: (ledger) => ({
        ...ledger,
        accept: (entries) => Effect.tap(ledger.accept(entries), () => Deferred.await(writing))
      })
    })
    yield* gateway.issue(sendOf(1))
    yield* until("it has arrived", () => steps.includes("agent.received"))
    const stopping = yield* stop
    yield* pass(2)
    yield* Deferred.succeed(writing, undefined)
    yield* Fiber.join(stopping)
    assert.deepStrictEqual(numbersOf(sent), [1])
    assert.deepStrictEqual(yield* afterRestart(gateway), [])
    assert.deepStrictEqual(gateway.claims(1), ["sent"])
  })
)
