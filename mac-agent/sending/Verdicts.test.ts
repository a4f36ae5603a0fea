import { assert, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { TestClock } from "effect/testing"
import { fromMillis } from "#domain/Instant.ts"
import { type Ledger, LedgerUnavailable } from "#domain/ports/Ledger.ts"
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
import { stateIn } from "../testing/LedgerFixture.ts"
import { pass, until } from "../testing/Turns.ts"

const at = fromMillis(start)
const acked: SendOutcome = { _tag: "Acked", at }
const unknown: SendOutcome = { _tag: "Unknown", reason: "ack_timeout" }
const refused: SendOutcome = { _tag: "Rejected", code: "463", at }
const notOnWhatsApp: SendOutcome = { _tag: "NotSent", reason: "recipient_not_on_whatsapp", final: true }
const lateRefusal = { _tag: "LateAck", device, waMessageId: waMessageIdOf(1), error: "463", at } as const

/** What is durable later never becomes durable: the process was killed first. */
const killedEarly = (ledger: Ledger["Service"]): Ledger["Service"] => ({ ...ledger, changeSoon: () => Effect.void })

/** A life that ends as soon as it has said this of the first message. */
const lifeUntil = (
  gateway: Gateway,
  claim: "failed" | "expired",
  outcome: Effect.Effect<SendOutcome>,
  act: Effect.Effect<void>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { tell } = yield* startAgent(gateway, { outcome: () => outcome, ledger: killedEarly })
      yield* connect(gateway, device)
      if (claim === "expired") yield* tell({ _tag: "Disconnected", device, reason: "connection_lost", final: false })
      yield* until("it is known", () => claim !== "expired" || gateway.changes(device).at(-1) === "disconnected")
      yield* gateway.issue(sendOf(1, { header: { expiresAt: fromMillis(start + 3_600_000) } }))
      yield* act
      yield* until("it is said", () => gateway.claims(1).includes(claim))
    })
  )

/** What the next life sends, though WhatsApp takes everything now, and though it is issued again. */
const nextLife = Effect.fnUntraced(function* (gateway: Gateway) {
  const { sent } = yield* startAgent(gateway)
  yield* gateway.issue(sendOf(1, { header: { attempt: "2", expiresAt: fromMillis(start + 3_600_000) } }))
  yield* pass(60)
  return numbersOf(sent)
})

for (const [what, outcome] of [
  ["refused", refused],
  ["not on WhatsApp", notOnWhatsApp]
] as const) {
  it.effect(`what was called failed is not sent after a kill: ${what}`, () =>
    Effect.gen(function* () {
      const gateway = yield* makeGateway
      yield* lifeUntil(gateway, "failed", Effect.succeed(outcome), Effect.void)
      assert.deepStrictEqual(yield* nextLife(gateway), [])
      assert.deepStrictEqual(gateway.claims(1), ["failed"])
    })
  )
}

it.effect("what was called expired is not sent after a kill, though the clock that said so was wrong", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    yield* lifeUntil(gateway, "expired", Effect.succeed(acked), Effect.andThen(TestClock.adjust("2 hours"), pass(1)))
    yield* TestClock.setTime(start + 60_000)
    assert.deepStrictEqual(yield* nextLife(gateway), [])
    assert.deepStrictEqual(gateway.claims(1), ["expired"])
  })
)

it.effect("nobody hears of a last word that the ledger cannot take, and its chat waits in its order", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    let isFull = false
    const full = <A>(work: Effect.Effect<A, LedgerUnavailable>): Effect.Effect<A, LedgerUnavailable> =>
      Effect.suspend(() => (isFull ? Effect.fail(new LedgerUnavailable({ cause: "test" })) : work))
    const ends = yield* Deferred.make<SendOutcome>()
    const { ledger, sent } = yield* startAgent(gateway, {
      outcome: ({ waMessageId }) => (waMessageId === waMessageIdOf(1) ? Deferred.await(ends) : Effect.succeed(acked)),
      ledger: (real) => ({ ...real, change: (changes) => full(real.change(changes)) })
    })
    yield* connect(gateway, device)
    yield* gateway.issue(sendOf(1), sendOf(2), sendOf(3))
    yield* until("the first is under way", () => sent.length === 1)
    isFull = true
    yield* Deferred.succeed(ends, refused)
    yield* pass(3)
    assert.deepStrictEqual([gateway.claims(1), numbersOf(sent)], [[], [1]])
    isFull = false
    yield* pass(2)
    yield* until("all is told", () => [1, 2, 3].every((n) => gateway.claims(n).length > 0))
    assert.deepStrictEqual([gateway.claims(1), numbersOf(sent)], [["failed"], [1, 2, 3]])
    assert.strictEqual(yield* stateIn(ledger, waMessageIdOf(1)), "rejected")
  })
)

it.effect("messages that expire together are settled together", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const writes: Array<number> = []
    yield* startAgent(gateway, {
      ledger: (real) => ({
        ...real,
        change: (changes) => {
          writes.push(changes.length)
          return real.change(changes)
        }
      })
    })
    const expiring = { header: { expiresAt: fromMillis(start + 5_000) } }
    yield* gateway.issue(sendOf(1, expiring), sendOf(2, expiring), sendOf(3))
    yield* pass(10)
    yield* until("both are told", () => [1, 2].every((n) => gateway.claims(n).includes("expired")))
    assert.deepStrictEqual([writes, gateway.claims(3)], [[2], []])
  })
)

it.effect("nothing begins of which the ledger has the last word", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { ledger, sent, steps, tell } = yield* startAgent(gateway)
    yield* connect(gateway, device)
    yield* tell({ _tag: "Disconnected", device, reason: "connection_lost", final: false })
    yield* until("it is known", () => gateway.changes(device).at(-1) === "disconnected")
    yield* gateway.issue(sendOf(1), sendOf(2, { header: { subject: bob } }))
    yield* until("they have arrived", () => steps.includes("agent.received"))
    const [first] = yield* Effect.repeat(ledger.unfinished("store:1"), { until: ({ length }) => length === 2 })
    const { epoch, position } = first!
    yield* ledger.change([{ epoch, position, state: "rejected", at, reports: [] }])
    yield* tell({ _tag: "Connected", device })
    yield* until("the other is sent", () => gateway.claims(2).length > 0)
    yield* pass(60)
    assert.deepStrictEqual([numbersOf(sent), gateway.claims(1)], [[2], []])
  })
)

for (const [word, outcome, claims] of [
  [
    "is the last word if that never leaves",
    { _tag: "NotSent", reason: "not_connected", final: false },
    ["unknown", "failed"]
  ],
  ["says nothing if that is acknowledged", acked, ["unknown", "sent"]]
] as ReadonlyArray<readonly [string, SendOutcome, ReadonlyArray<string>]>) {
  it.effect(`a refusal of one try that comes during the next ${word}`, () =>
    Effect.gen(function* () {
      const gateway = yield* makeGateway
      const second = yield* Deferred.make<SendOutcome>()
      let tries = 0
      const { sent, tell } = yield* startAgent(gateway, {
        outcome: () => (++tries === 1 ? Effect.succeed(unknown) : Deferred.await(second))
      })
      yield* connect(gateway, device)
      yield* gateway.issue(sendOf(1))
      yield* until("it is unclear", () => gateway.claims(1).length === 1)
      yield* pass(16)
      yield* until("it is tried again", () => sent.length === 2)
      yield* tell(lateRefusal)
      yield* pass(3)
      assert.deepStrictEqual(gateway.claims(1), ["unknown"]) // what is under way may still leave
      yield* Deferred.succeed(second, outcome)
      yield* until("it is settled", () => gateway.claims(1).length === 2)
      yield* pass(20 * 60)
      assert.deepStrictEqual([gateway.claims(1), sent.length], [claims, 2])
    })
  )
}

it.effect("a refusal that comes while the next try is written down spares it", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const writing = yield* Deferred.make<void>()
    let isWriting = false
    const { sent, tell } = yield* startAgent(gateway, {
      outcome: () => Effect.succeed(unknown),
      ledger: (real) => ({
        ...real,
        change: (changes) => {
          if (changes[0].state !== "attempting") return real.change(changes)
          isWriting = true
          return Effect.tap(real.change(changes), () => Deferred.await(writing))
        }
      })
    })
    yield* connect(gateway, device)
    yield* gateway.issue(sendOf(1))
    yield* until("it is unclear", () => gateway.claims(1).length === 1)
    yield* pass(16)
    yield* until("it is to be tried again", () => isWriting)
    yield* tell(lateRefusal)
    yield* pass(1)
    yield* Deferred.succeed(writing, undefined)
    yield* until("it is settled", () => gateway.claims(1).length === 2)
    yield* pass(60)
    assert.deepStrictEqual([gateway.claims(1), sent.length], [["unknown", "failed"], 1])
  })
)
