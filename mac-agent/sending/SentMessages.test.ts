import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { fromMillis } from "#domain/Instant.ts"
import type { SendOutcome, SentMessage } from "#domain/ports/WhatsApp.ts"
import {
  connect,
  device,
  makeGateway,
  otherDevice,
  sendOf,
  start,
  startAgent,
  waMessageIdOf
} from "../testing/AgentFixture.ts"
import { pass, until } from "../testing/Turns.ts"

const at = fromMillis(start)
const id = waMessageIdOf(1)
const expiring = (n: number, seconds: number) =>
  sendOf(n, { header: { expiresAt: fromMillis(start + seconds * 1_000) } })
const bytesOf = (message: SentMessage | undefined) =>
  message?.bytes ?? Effect.die(new Error("there is no such message"))

const running = Effect.fnUntraced(function* (options: Parameters<typeof startAgent>[1] = {}) {
  const gateway = yield* makeGateway
  const agent = yield* startAgent(gateway, options)
  yield* connect(gateway, device, otherDevice)
  return { ...agent, gateway }
})

it.effect("a message is given again until it expires, also in the next life, and not a second longer", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* startAgent(gateway)
        yield* connect(gateway, device)
        yield* gateway.issue(expiring(1, 600))
        yield* until("it is sent", () => gateway.claims(1).length === 1)
        yield* pass(2)
      })
    )
    const { ask } = yield* startAgent(gateway)
    yield* until("it is back", () => gateway.changes(device).filter((change) => change === "connected").length === 2)
    const message = yield* ask(device, id)
    assert.deepStrictEqual(message?.to, { kind: "phone", address: "+15551234567" })
    yield* TestClock.setTime(start + 599_999)
    assert.deepStrictEqual(yield* bytesOf(message), new TextEncoder().encode("text 1"))
    yield* TestClock.setTime(start + 600_000)
    assert.isUndefined(yield* bytesOf(message))
    assert.isUndefined(yield* bytesOf(yield* ask(device, id)))
  })
)

it.effect("whether it has expired is asked when the gateway's time is known", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* startAgent(gateway)
        yield* connect(gateway, device)
        yield* gateway.issue(sendOf(1))
        yield* until("it is sent", () => gateway.claims(1).length === 1)
        yield* pass(2)
      })
    )
    const { ask } = yield* startAgent(gateway, { protocol: 2 })
    yield* until("it is back", () => gateway.changes(device).filter((change) => change === "connected").length === 2)
    const asking = yield* Effect.forkChild(bytesOf(yield* ask(device, id)), { startImmediately: true })
    yield* pass(20)
    assert.isUndefined(asking.pollUnsafe())
    yield* gateway.issue(sendOf(2)) // a gateway of version 1 has no time to tell: from half a minute on, the machine's does
    yield* pass(20)
    yield* gateway.issue(sendOf(3))
    yield* until("the next is sent", () => gateway.claims(3).length === 1)
    yield* pass(2)
    assert.deepStrictEqual(yield* Fiber.join(asking), new TextEncoder().encode("text 1"))
  })
)

it.effect("what was called failed or expired is given to nobody who asks", () =>
  Effect.gen(function* () {
    const refused: SendOutcome = { _tag: "Rejected", code: "463", at }
    const away: SendOutcome = { _tag: "NotSent", reason: "not_connected", final: false }
    const { ask, gateway } = yield* running({
      outcome: ({ waMessageId }) => Effect.succeed(waMessageId === id ? refused : away)
    })
    yield* gateway.issue(sendOf(1), expiring(2, 30))
    yield* until("it has failed", () => gateway.claims(1).includes("failed"))
    yield* pass(40)
    yield* until("it has expired", () => gateway.claims(2).includes("expired"))
    yield* pass(2)
    for (const n of [1, 2]) assert.isUndefined(yield* bytesOf(yield* ask(device, waMessageIdOf(n))))
  })
)

it.effect("one account knows nothing of another's messages, and its words do not count for them", () =>
  Effect.gen(function* () {
    const { ask, gateway, tell } = yield* running()
    yield* gateway.issue(sendOf(1))
    yield* until("it is sent", () => gateway.claims(1).length === 1)
    assert.isUndefined(yield* ask(otherDevice, id))
    yield* tell({ _tag: "Receipt", device: otherDevice, waMessageId: id, kind: "read", at })
    yield* tell({ _tag: "LateAck", device: otherDevice, waMessageId: id, error: "463", at })
    yield* tell({ _tag: "Receipt", device, waMessageId: id, kind: "delivered", at })
    yield* until("the right word is reported", () => gateway.claims(1).length === 2)
    yield* pass(2)
    assert.deepStrictEqual(gateway.claims(1), ["sent", "delivered"])
  })
)

it.effect("that the server has a message is news only while that is unclear", () =>
  Effect.gen(function* () {
    const outcomes: Record<string, SendOutcome> = { [id]: { _tag: "Unknown", reason: "ack_timeout" } }
    const { gateway, steps, tell } = yield* running({
      outcome: ({ waMessageId }) => Effect.succeed(outcomes[waMessageId] ?? { _tag: "Acked", at })
    })
    yield* gateway.issue(sendOf(1))
    yield* until("it is unclear", () => gateway.claims(1).length === 1)
    yield* tell({ _tag: "Receipt", device, waMessageId: id, kind: "sent", at })
    yield* until("it is sent", () => gateway.claims(1).length === 2)
    yield* gateway.issue(sendOf(2))
    yield* until("the next is sent", () => gateway.claims(2).length === 1)
    const settled = steps.filter((step) => step === "agent.settled").length
    for (const n of [1, 2]) yield* tell({ _tag: "Receipt", device, waMessageId: waMessageIdOf(n), kind: "sent", at })
    yield* pass(2)
    assert.deepStrictEqual([gateway.claims(1), gateway.claims(2)], [["unknown", "sent"], ["sent"]])
    assert.strictEqual(steps.filter((step) => step === "agent.settled").length, settled)
  })
)
