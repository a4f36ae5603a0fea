import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import { type Ledger, LedgerUnavailable } from "#domain/ports/Ledger.ts"
import type { SendOutcome } from "#domain/ports/WhatsApp.ts"
import {
  alice,
  connect,
  device,
  makeGateway,
  numbersOf,
  otherDevice,
  sendOf,
  start,
  startAgent,
  waMessageIdOf
} from "../testing/AgentFixture.ts"
import { stateIn } from "../testing/LedgerFixture.ts"
import { pass, until } from "../testing/Turns.ts"

const at = fromMillis(start + 500)
const acked: SendOutcome = { _tag: "Acked", at }
const unknown: SendOutcome = { _tag: "Unknown", reason: "ack_timeout" }
const receipt = (n: number, kind: "delivered" | "read" | "played") =>
  ({ _tag: "Receipt", device, waMessageId: waMessageIdOf(n), kind, at }) as const
const lateAck = (n: number, error?: string) =>
  ({ _tag: "LateAck", device, waMessageId: waMessageIdOf(n), at, ...(error !== undefined && { error }) }) as const

const connected = Effect.fnUntraced(function* (options: Parameters<typeof startAgent>[1]) {
  const gateway = yield* makeGateway
  const agent = yield* startAgent(gateway, options)
  yield* connect(gateway, device)
  const stateOf = (n: number) => stateIn(agent.ledger, waMessageIdOf(n))
  return { ...agent, gateway, stateOf }
})

it.effect("reports each receipt of the recipient once", () =>
  Effect.gen(function* () {
    const { gateway, tell } = yield* connected({})
    yield* gateway.issue(sendOf(1))
    yield* until("it is sent", () => gateway.claims(1).length === 1)
    for (const kind of ["delivered", "delivered", "read", "played"] as const) yield* tell(receipt(1, kind))
    yield* tell({ ...receipt(1, "read"), waMessageId: "3EB0FFFFFFFFFFFFFFFFFF" }) // none of ours
    yield* tell({ ...receipt(1, "read"), waMessageId: "not an id" })
    yield* until("all are reported", () => gateway.claims(1).length === 4)
    assert.deepStrictEqual(gateway.claims(1), ["sent", "delivered", "read", "played"])
    const ids = new Set(gateway.messageReports(1).map(({ id }) => id))
    assert.strictEqual(ids.size, 4)
    for (const { report } of gateway.messageReports(1).slice(1)) assert.deepInclude(report, { recipient: alice, at })
  })
)

it.effect("answers with a receipt to the attempt that was asked for last, also when nothing is left to try", () =>
  Effect.gen(function* () {
    const { gateway, tell } = yield* connected({})
    yield* connect(gateway, otherDevice)
    yield* gateway.issue(sendOf(1))
    yield* until("it is sent", () => gateway.claims(1).length === 1)
    yield* tell({ ...receipt(1, "played"), device: otherDevice }) // it is none of that one's
    yield* tell(receipt(1, "delivered"))
    yield* until("it has come", () => gateway.claims(1).length === 2)
    yield* Fiber.join(yield* gateway.issue(sendOf(1, { header: { attempt: "2" } })))
    yield* tell(receipt(1, "read"))
    yield* until("it was read", () => gateway.claims(1).length === 3)
    assert.deepStrictEqual(
      gateway.messageReports(1).map(({ header }) => header.attempt),
      ["1", "1", "2"]
    )
    assert.notInclude(gateway.claims(1), "played")
  })
)

it.effect("settles what was unclear by the word that comes later, and tries no more", () =>
  Effect.gen(function* () {
    const words = [
      [receipt(1, "delivered"), "delivered", "acked"],
      [lateAck(1), "sent", "acked"],
      [lateAck(1, "463"), "failed", "rejected"]
    ] as const
    for (const [word, claim, state] of words) {
      const { gateway, sent, stateOf, tell } = yield* connected({ outcome: () => Effect.succeed(unknown) })
      yield* gateway.issue(sendOf(1))
      yield* until("it is unclear", () => gateway.claims(1).length === 1)
      yield* tell(word)
      yield* until("the word is reported", () => gateway.claims(1).length === 2)
      yield* pass(20 * 60)
      assert.deepStrictEqual([gateway.claims(1), sent.length], [["unknown", claim], 1])
      assert.strictEqual(yield* stateOf(1), state)
    }
  })
)

it.effect("believes the word that comes during a try more than a try that ends unclear", () =>
  Effect.gen(function* () {
    const ending = yield* Deferred.make<SendOutcome>()
    const { gateway, sent, stateOf, tell } = yield* connected({
      outcome: ({ waMessageId }) => (waMessageId === waMessageIdOf(1) ? Deferred.await(ending) : Effect.succeed(acked))
    })
    yield* gateway.issue(sendOf(1), sendOf(2))
    yield* until("it is under way", () => sent.length === 1)
    yield* tell(receipt(1, "delivered"))
    yield* until("it is delivered", () => gateway.claims(1).length === 1)
    yield* Deferred.succeed(ending, unknown)
    yield* until("the chat goes on", () => gateway.claims(2).length === 1)
    yield* pass(20 * 60)
    assert.deepStrictEqual([gateway.claims(1), numbersOf(sent)], [["delivered"], [1, 2]])
    assert.strictEqual(yield* stateOf(1), "acked")
  })
)

it.effect("believes it also when the try ends before the word is written down", () =>
  Effect.gen(function* () {
    const [ending, writing] = [yield* Deferred.make<SendOutcome>(), yield* Deferred.make<void>()]
    let wordWaits = false
    const { gateway, sent, stateOf, steps, tell } = yield* connected({
      outcome: () => Deferred.await(ending),
      ledger: (ledger) => ({
        ...ledger,
        changeAlong: (changes) =>
          Effect.suspend(() => {
            if (changes[0].state !== "acked") return ledger.changeAlong(changes)
            wordWaits = true
            return Effect.andThen(Deferred.await(writing), ledger.changeAlong(changes))
          })
      })
    })
    yield* gateway.issue(sendOf(1))
    yield* until("it is under way", () => sent.length === 1)
    yield* tell(receipt(1, "read"))
    yield* until("the word is being written", () => wordWaits)
    yield* Deferred.succeed(ending, unknown)
    yield* until("the try has ended", () => steps.includes("agent.sent"))
    yield* Deferred.succeed(writing, undefined)
    yield* until("it is read", () => gateway.claims(1).length === 1)
    yield* pass(20 * 60)
    assert.deepStrictEqual([gateway.claims(1), sent.length], [["read"], 1])
    assert.strictEqual(yield* stateOf(1), "acked")
  })
)

it.effect("spares a second try when the word comes while it is being prepared", () =>
  Effect.gen(function* () {
    const writing = yield* Deferred.make<void>()
    let preparing = false
    const { gateway, sent, stateOf, tell } = yield* connected({
      outcome: () => Effect.succeed(unknown),
      ledger: (ledger) => ({
        ...ledger,
        change: (changes) =>
          Effect.suspend(() => {
            if (changes[0].state !== "attempting") return ledger.change(changes)
            preparing = true
            return Effect.tap(ledger.change(changes), () => Deferred.await(writing))
          })
      })
    })
    yield* gateway.issue(sendOf(1))
    yield* until("it is unclear", () => gateway.claims(1).length === 1)
    yield* pass(20)
    yield* until("a second try is prepared", () => preparing)
    yield* tell(receipt(1, "delivered"))
    yield* until("it is delivered", () => gateway.claims(1).length === 2)
    yield* Deferred.succeed(writing, undefined)
    yield* gateway.issue(sendOf(2))
    yield* until("the chat goes on", () => gateway.claims(2).length === 1)
    yield* pass(60)
    assert.deepStrictEqual(
      numbersOf(sent).filter((n) => n === 1),
      [1]
    )
    assert.strictEqual(yield* stateOf(1), "acked")
  })
)

it.effect("loses no word while the ledger is down", () =>
  Effect.gen(function* () {
    let down = false
    const failing = <A>(effect: Effect.Effect<A, LedgerUnavailable>): Effect.Effect<A, LedgerUnavailable> =>
      Effect.suspend(() => (down ? Effect.fail(new LedgerUnavailable({ cause: "test" })) : effect))
    const { gateway, stateOf, tell } = yield* connected({
      ledger: (ledger) => ({
        ...ledger,
        change: (_) => failing(ledger.change(_)),
        changeAlong: (_) => failing(ledger.changeAlong(_)),
        findSent: (_) => failing(ledger.findSent(_))
      })
    })
    yield* gateway.issue(sendOf(1))
    yield* until("it is sent", () => gateway.claims(1).length === 1)
    down = true
    yield* tell(receipt(1, "delivered"))
    yield* tell(receipt(1, "read"))
    yield* pass(5)
    assert.deepStrictEqual(gateway.claims(1), ["sent"])
    down = false
    yield* pass(3)
    yield* until("all is told", () => gateway.claims(1).length === 3)
    assert.deepStrictEqual(gateway.claims(1), ["sent", "delivered", "read"])
    assert.strictEqual(yield* stateOf(1), "acked")
  })
)

it.effect("does not call expired what may have left, though the ledger was down when its time was over", () =>
  Effect.gen(function* () {
    let down = false
    const { gateway, sent } = yield* connected({
      outcome: () => Effect.succeed(unknown),
      ledger: (ledger) => ({
        ...ledger,
        change: (changes) =>
          Effect.suspend(() => (down ? Effect.fail(new LedgerUnavailable({ cause: "test" })) : ledger.change(changes)))
      })
    })
    yield* gateway.issue(sendOf(1, { header: { expiresAt: fromMillis(start + 60_000) } }))
    yield* until("it is unclear", () => gateway.claims(1).length === 1)
    down = true
    yield* pass(70)
    down = false
    yield* pass(60)
    assert.deepStrictEqual([gateway.claims(1), sent.length], [["unknown"], 1])
  })
)

it.effect("sends nothing that the ledger did not take, and goes on when it does", () =>
  Effect.gen(function* () {
    let tries = 0
    let down: "accept" | "change" | undefined
    const unavailable = Effect.fail(new LedgerUnavailable({ cause: "test" }))
    const ledger = (real: Ledger["Service"]): Ledger["Service"] => ({
      ...real,
      accept: (entries) => Effect.suspend(() => (down === "accept" ? unavailable : real.accept(entries))),
      change: (changes) => Effect.suspend(() => (down === "change" ? unavailable : real.change(changes)))
    })
    const { gateway, sent, steps } = yield* connected({
      ledger,
      outcome: () => Effect.sync(() => (++tries === 1 ? unknown : acked))
    })
    down = "accept"
    yield* gateway.issue(sendOf(1, { header: { expiresAt: fromMillis(start + 600_000) } }))
    yield* until("it has arrived", () => steps.includes("agent.received"))
    yield* pass(10)
    assert.strictEqual(sent.length, 0)
    down = undefined
    yield* pass(2)
    yield* until("it is unclear", () => gateway.claims(1).length === 1)
    down = "change"
    yield* pass(60)
    assert.strictEqual(sent.length, 1)
    down = undefined
    yield* pass(5)
    yield* until("it is sent", () => gateway.claims(1).length === 2)
    assert.deepStrictEqual(
      [gateway.claims(1), numbersOf(sent)],
      [
        ["unknown", "sent"],
        [1, 1]
      ]
    )
  })
)

it.effect("does not take an acknowledgement back when another copy is refused", () =>
  Effect.gen(function* () {
    const { gateway, stateOf, steps, tell } = yield* connected({})
    yield* gateway.issue(sendOf(1))
    yield* until("it is sent", () => gateway.claims(1).length === 1)
    yield* tell(lateAck(1, "479")) // within the second in which the acknowledgement is not durable yet
    yield* tell(receipt(1, "delivered"))
    yield* until("what comes after is told", () => gateway.claims(1).includes("delivered"))
    yield* tell(lateAck(1, "479"))
    yield* tell(receipt(1, "read"))
    yield* until("what comes after is told", () => gateway.claims(1).includes("read"))
    assert.deepStrictEqual(gateway.claims(1), ["sent", "delivered", "read"])
    assert.strictEqual(steps.filter((step) => step === "agent.settled").length, 3)
    assert.strictEqual(yield* stateOf(1), "acked")
  })
)

it.effect("believes the acknowledgement of one try more than the refusal of the next", () =>
  Effect.gen(function* () {
    const second = yield* Deferred.make<SendOutcome>()
    let tries = 0
    const { gateway, sent, stateOf, steps, tell } = yield* connected({
      outcome: () => (++tries === 1 ? Effect.succeed(unknown) : Deferred.await(second))
    })
    yield* gateway.issue(sendOf(1))
    yield* until("it is unclear", () => gateway.claims(1).length === 1)
    yield* pass(16)
    yield* until("it is tried again", () => sent.length === 2)
    yield* tell(lateAck(1))
    yield* until("it is sent", () => gateway.claims(1).length === 2)
    yield* Deferred.succeed(second, { _tag: "Rejected", code: "479", at })
    yield* until("the second try has ended", () => steps.filter((step) => step === "agent.sent").length === 2)
    yield* pass(60)
    assert.deepStrictEqual([gateway.claims(1), sent.length], [["unknown", "sent"], 2])
    assert.strictEqual(yield* stateOf(1), "acked")
  })
)
