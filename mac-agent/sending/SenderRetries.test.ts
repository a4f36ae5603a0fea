import { assert, it } from "@effect/vitest"
import { Clock, Deferred, Effect } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import type { SendOutcome } from "#domain/ports/WhatsApp.ts"
import {
  bob,
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

const acked: SendOutcome = { _tag: "Acked", at: fromMillis(start) }
const unknown: SendOutcome = { _tag: "Unknown", reason: "ack_timeout" }
const notSent: SendOutcome = { _tag: "NotSent", reason: "not_connected", final: false }
const rejected: SendOutcome = { _tag: "NotSent", reason: "recipient_not_on_whatsapp", final: true }
const expiringIn = (seconds: number) => ({ header: { expiresAt: fromMillis(start + seconds * 1_000) } })

/** An agent with a connected device, whose tries end one after the other as written; the last word stays. */
const scripted = Effect.fnUntraced(function* (
  script: ReadonlyArray<SendOutcome | Effect.Effect<SendOutcome>>,
  options: Parameters<typeof startAgent>[1] = {}
) {
  const gateway = yield* makeGateway
  const tries: Array<number> = []
  const agent = yield* startAgent(gateway, {
    ...options,
    outcome: () =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const outcome = script[Math.min(tries.length, script.length - 1)]!
        tries.push((now - start) / 1_000)
        return Effect.isEffect(outcome) ? outcome : Effect.succeed(outcome)
      })
  })
  yield* connect(gateway, device)
  const stateOf = (n: number) => stateIn(agent.ledger, waMessageIdOf(n))
  return { ...agent, gateway, stateOf, tries }
})

it.effect("tries again what may have left, under the same id and bytes, for fifteen minutes", () =>
  Effect.gen(function* () {
    const { gateway, sent, stateOf, tries } = yield* scripted([unknown])
    yield* gateway.issue(sendOf(1))
    yield* until("it is said once", () => gateway.claims(1).length > 0)
    yield* pass(40 * 60)
    const pauses = tries.slice(1).map((at, i) => at - tries[i]!)
    assert.isAbove(tries.length, 4)
    assert.isAtMost(tries.at(-1)!, 15 * 60)
    for (const [i, pause] of pauses.entries()) assert.closeTo(pause, 15 * 2 ** i, 2)
    for (const one of sent) assert.deepStrictEqual(one, sent[0]!)
    assert.deepStrictEqual(gateway.claims(1), ["unknown"])
    assert.strictEqual(yield* stateOf(1), "ambiguous")
  })
)

it.effect("ends trying when the server has it", () =>
  Effect.gen(function* () {
    const { gateway, stateOf, tries } = yield* scripted([unknown, unknown, acked])
    yield* gateway.issue(sendOf(1))
    yield* until("it is unclear", () => gateway.claims(1).length > 0)
    yield* pass(20 * 60)
    yield* until("it is settled", () => gateway.claims(1).length > 1)
    assert.deepStrictEqual([gateway.claims(1), tries.length], [["unknown", "sent"], 3])
    assert.strictEqual(yield* stateOf(1), "acked")
  })
)

const refused = (code: string): SendOutcome => ({ _tag: "Rejected", code, at: fromMillis(start) })

it.effect("does not call failed what an earlier copy may have brought, when the server refuses a later one", () =>
  Effect.gen(function* () {
    const { gateway, stateOf, tries } = yield* scripted([unknown, refused("463"), refused("463"), acked])
    yield* gateway.issue(sendOf(1))
    yield* until("it is unclear", () => gateway.claims(1).length > 0)
    yield* pass(60)
    assert.deepStrictEqual([gateway.claims(1), yield* stateOf(1)], [["unknown"], "ambiguous"])
    yield* pass(20 * 60)
    assert.deepStrictEqual([gateway.claims(1), tries.length, yield* stateOf(1)], [["unknown", "sent"], 4, "acked"])
  })
)

it.effect("never tries after the expiry, and does not call expired what may have left", () =>
  Effect.gen(function* () {
    const { gateway, tries } = yield* scripted([unknown])
    yield* gateway.issue(sendOf(1, expiringIn(60)))
    yield* until("it is unclear", () => gateway.claims(1).length > 0)
    yield* pass(20 * 60)
    assert.isAbove(tries.length, 1)
    assert.isBelow(tries.at(-1)!, 60)
    assert.deepStrictEqual(gateway.claims(1), ["unknown"])
  })
)

it.effect("learns nothing from a later try that did not leave", () =>
  Effect.gen(function* () {
    const { gateway, stateOf, tries } = yield* scripted([unknown, notSent, rejected, notSent])
    yield* gateway.issue(sendOf(1))
    yield* until("it is unclear", () => gateway.claims(1).length > 0)
    yield* pass(40 * 60)
    assert.isAbove(tries.length, 4)
    assert.deepStrictEqual(gateway.claims(1), ["unknown"])
    assert.strictEqual(yield* stateOf(1), "ambiguous")
  })
)

it.effect("stays unclear when its window closes during a try", () =>
  Effect.gen(function* () {
    const last = yield* Deferred.make<SendOutcome>()
    const { gateway, tries } = yield* scripted([unknown, Deferred.await(last)])
    yield* gateway.issue(sendOf(1))
    yield* until("it is unclear", () => gateway.claims(1).length > 0)
    yield* pass(30 * 60)
    assert.strictEqual(tries.length, 2)
    yield* Deferred.succeed(last, notSent)
    yield* pass(60)
    assert.deepStrictEqual([tries.length, gateway.claims(1)], [2, ["unknown"]])
  })
)

it.effect("expires what was never tried, and says so", () =>
  Effect.gen(function* () {
    const { gateway, sent, stateOf, steps } = yield* scripted([acked])
    yield* gateway.issue(
      sendOf(1, expiringIn(-1)),
      sendOf(2, { header: { ...expiringIn(30).header, device: otherDevice } })
    )
    yield* until("the first has expired", () => gateway.claims(1)[0] === "expired")
    yield* until("the second is there", () => steps.includes("agent.received"))
    yield* pass(29)
    assert.deepStrictEqual(gateway.claims(2), [])
    yield* pass(3)
    yield* until("the second has expired", () => gateway.claims(2)[0] === "expired")
    yield* connect(gateway, otherDevice)
    yield* gateway.issue(sendOf(3))
    yield* until("others are sent", () => gateway.claims(3).length > 0)
    yield* pass(60)
    assert.deepStrictEqual(numbersOf(sent), [3])
    assert.deepStrictEqual([yield* stateOf(1), yield* stateOf(2)], ["expired", "expired"])
    assert.deepStrictEqual([gateway.claims(1), gateway.claims(2)], [["expired"], ["expired"]])
  })
)

it.effect("expires what waited behind a message that could not leave", () =>
  Effect.gen(function* () {
    const { gateway, sent } = yield* scripted([notSent])
    yield* gateway.issue(sendOf(1, expiringIn(20)), sendOf(2, expiringIn(10)))
    yield* until("it is tried", () => sent.length > 0)
    yield* pass(25)
    yield* until("both have expired", () => [1, 2].every((n) => gateway.claims(n)[0] === "expired"))
    assert.notInclude(numbersOf(sent), 2)
  })
)

it.effect("does not send what expired while the ledger was slow", () =>
  Effect.gen(function* () {
    const writing = yield* Deferred.make<void>()
    const { gateway, sent } = yield* scripted([acked], {
      ledger: (ledger) => ({
        ...ledger,
        accept: (entries) => Effect.andThen(Deferred.await(writing), ledger.accept(entries))
      })
    })
    yield* gateway.issue(sendOf(1, expiringIn(30)), sendOf(2), sendOf(3, { header: { subject: bob } }))
    yield* pass(31)
    yield* Deferred.succeed(writing, undefined)
    yield* until("all are settled", () => [1, 2, 3].every((n) => gateway.claims(n).length > 0))
    assert.deepStrictEqual([1, 2, 3].map(gateway.claims), [["expired"], ["sent"], ["sent"]])
    assert.notInclude(numbersOf(sent), 1)
  })
)

it.effect("tries soon after its device is back, when what WhatsApp had to tell has come", () =>
  Effect.gen(function* () {
    const { gateway, tell, tries } = yield* scripted([unknown])
    yield* gateway.issue(sendOf(1))
    yield* until("it is unclear", () => gateway.claims(1).length > 0)
    yield* tell({ _tag: "Disconnected", device, reason: "connection_lost", final: false })
    yield* until("the device is away", () => gateway.changes(device).at(-1) === "disconnected")
    yield* pass(300)
    assert.strictEqual(tries.length, 1)
    yield* tell({ _tag: "Connected", device })
    yield* until("the device is back", () => gateway.changes(device).at(-1) === "connected")
    yield* pass(2)
    assert.strictEqual(tries.length, 1)
    yield* pass(3)
    assert.strictEqual(tries.length, 2)
  })
)
