import { DatabaseSync } from "node:sqlite"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { concat, lengthPrefixed, utf8 } from "#domain/Bytes.ts"
import { fromMillis } from "#domain/Instant.ts"
import type { SendOutcome } from "#domain/ports/WhatsApp.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { sealedBlobs } from "#infra/crypto/SealedBlob.ts"
import {
  bob,
  connect,
  device,
  type Gateway,
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

type Sent = Effect.Success<ReturnType<typeof startAgent>>["sent"]

/** An agent that pairs its device, does this, and ends. Gives what it asked WhatsApp to send. */
const firstRun = <E, R>(
  gateway: Gateway,
  outcome: Effect.Effect<SendOutcome>,
  act: (sent: Sent) => Effect.Effect<unknown, E, R>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { sent } = yield* startAgent(gateway, { outcome: () => outcome })
      yield* connect(gateway, device)
      yield* act(sent)
      return [...sent]
    })
  )

it.effect("a restart goes on with what waited", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const far = { header: { device: otherDevice } }
    yield* firstRun(gateway, Effect.succeed(acked), () =>
      Effect.flatMap(gateway.issue(sendOf(2, far), sendOf(1, far)), Fiber.join)
    )
    const { sent } = yield* startAgent(gateway)
    yield* pass(10)
    assert.deepStrictEqual(numbersOf(sent), [])
    yield* connect(gateway, otherDevice)
    yield* until("both are sent", () => [1, 2].every((n) => gateway.claims(n)[0] === "sent"))
    assert.deepStrictEqual(numbersOf(sent), [1, 2])
  })
)

it.effect("an agent that has ended does nothing more", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    let asked = 0
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { sent } = yield* startAgent(gateway, {
          outcome: () => Effect.succeed({ _tag: "NotSent", reason: "lookup_failed", final: false }),
          ledger: (ledger) => ({
            ...ledger,
            change: (changes) => {
              asked++
              return ledger.change(changes)
            }
          })
        })
        yield* connect(gateway, device)
        yield* gateway.issue(sendOf(1))
        yield* pass(5)
        yield* until("it is being tried", () => sent.length > 1)
      })
    )
    const before = asked
    yield* pass(30)
    assert.strictEqual(asked, before)
  })
)

it.effect("a restart says that what was being attempted is unclear, and tries it again under the same id", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const before = yield* firstRun(gateway, Effect.never, (sent) =>
      Effect.andThen(
        gateway.issue(sendOf(1), sendOf(2)),
        until("it is under way", () => sent.length === 1)
      )
    )
    assert.deepStrictEqual(gateway.claims(1), [])
    yield* pass(60)
    const { ledger, sent } = yield* startAgent(gateway)
    yield* until("it is said", () => gateway.claims(1).length > 0)
    assert.deepInclude(gateway.messageReports(1)[0]!.report, { claim: "unknown", code: "interrupted" })
    yield* until("what waited behind it is sent", () => gateway.claims(2)[0] === "sent")
    assert.deepStrictEqual(numbersOf(sent), [2]) // the receipts WhatsApp kept come first
    yield* pass(5)
    yield* until("it is settled", () => gateway.claims(1).length === 2)
    assert.deepStrictEqual(gateway.claims(1), ["unknown", "sent"])
    assert.deepStrictEqual(sent[1], before[0])
    yield* pass(60)
    assert.strictEqual(yield* stateIn(ledger, waMessageIdOf(1)), "acked")
    assert.deepStrictEqual(numbersOf(sent), [2, 1])
  })
)

it.effect("a restart spares the second try when the word was kept for us", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    yield* firstRun(gateway, Effect.never, (sent) =>
      Effect.andThen(
        gateway.issue(sendOf(1)),
        until("it is under way", () => sent.length === 1)
      )
    )
    const { sent, tell } = yield* startAgent(gateway)
    yield* tell({ _tag: "Receipt", device, waMessageId: waMessageIdOf(1), kind: "delivered", at: fromMillis(start) })
    yield* until("it is delivered", () => gateway.claims(1).length === 2)
    yield* pass(20 * 60)
    assert.deepStrictEqual([gateway.claims(1), sent.length], [["unknown", "delivered"], 0])
  })
)

it.effect("a restart goes on trying what was unclear, within its window", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const old = (sent: Sent) =>
      Effect.andThen(
        gateway.issue(sendOf(1)),
        until("it is unclear", () => sent.length > 0 && gateway.claims(1).length > 0)
      )
    yield* firstRun(gateway, Effect.succeed(unknown), old)
    yield* pass(10 * 60)
    const second = yield* Effect.scoped(
      Effect.gen(function* () {
        const { sent } = yield* startAgent(gateway, { outcome: () => Effect.succeed(unknown) })
        yield* until("the device is back", () => gateway.changes(device).filter((_) => _ === "connected").length === 2)
        yield* pass(5)
        return [...sent]
      })
    )
    assert.deepStrictEqual(numbersOf(second), [1])
    yield* pass(6 * 60)
    const { ledger, sent } = yield* startAgent(gateway)
    yield* pass(60)
    assert.deepStrictEqual(numbersOf(sent), [])
    assert.deepStrictEqual(gateway.claims(1), ["unknown"])
    assert.strictEqual(yield* stateIn(ledger, waMessageIdOf(1)), "ambiguous")
  })
)

it.effect("a restart sends nothing again that was settled, nor when it is issued again", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    yield* firstRun(gateway, Effect.succeed(acked), () =>
      Effect.andThen(
        gateway.issue(sendOf(1), sendOf(2, { header: { subject: bob } })),
        until("both are sent", () => [1, 2].every((n) => gateway.claims(n).length > 0))
      )
    )
    const { sent } = yield* startAgent(gateway)
    yield* Fiber.join(yield* gateway.issue(sendOf(1), sendOf(2, { header: { subject: bob, attempt: "2" } }), sendOf(3)))
    yield* until("what is new is sent", () => gateway.claims(3).length > 0)
    yield* pass(60)
    assert.deepStrictEqual(numbersOf(sent), [3])
  })
)

it.effect("a command that is issued again is not sent again, and its reports come until they are acknowledged", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const held = yield* Deferred.make<SendOutcome>()
    const { sent } = yield* startAgent(gateway, {
      outcome: ({ waMessageId }) => (waMessageId === waMessageIdOf(2) ? Deferred.await(held) : Effect.succeed(acked))
    })
    yield* connect(gateway, device)
    yield* gateway.issue(sendOf(1), sendOf(1), sendOf(2), sendOf(3))
    yield* until("the first is sent", () => gateway.claims(1).length > 0)
    const again = [sendOf(1), sendOf(2), sendOf(3), sendOf(1, { header: { attempt: "2" } })]
    yield* Fiber.join(yield* gateway.issue(...again, ...again))
    const [first] = gateway.messageReports(1)
    yield* pass(21)
    yield* until("its report comes again", () => gateway.messageReports(1).length > 1)
    assert.strictEqual(gateway.messageReports(1)[1]!.id, first!.id)
    yield* Deferred.succeed(held, acked)
    yield* until("the chat is done", () => gateway.claims(3).length > 0)
    yield* pass(20 * 60)
    assert.deepStrictEqual(numbersOf(sent), [1, 2, 3])
  })
)

it.effect("a command that contradicts the ledger is refused", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { sent } = yield* startAgent(gateway)
    yield* connect(gateway, device)
    yield* Fiber.join(yield* gateway.issue(sendOf(1)))
    yield* Fiber.join(
      yield* gateway.issue(
        sendOf(2, { header: { position: "1" } }),
        sendOf(3, { header: { position: "1", subject: bob } })
      )
    )
    yield* Fiber.join(yield* gateway.issue(sendOf(4), sendOf(5, { header: { subject: bob } })))
    yield* until("others are sent", () => [1, 4, 5].every((n) => gateway.claims(n).length > 0))
    yield* pass(60)
    assert.deepStrictEqual(numbersOf(sent), [1, 4, 5])
    assert.deepStrictEqual([gateway.claims(2), gateway.claims(3)], [[], []])
  })
)

it.effect("what the ledger holds of an older release goes out as the gateway signed it, or not at all", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { ledger } = yield* startAgent(gateway)
        yield* Fiber.join(yield* gateway.issue(sendOf(1), sendOf(2, { header: { subject: bob } })))
        const db = new DatabaseSync(gateway.file)
        const blobs = sealedBlobs(crypto, crypto.cipherKey(new Uint8Array(32).fill(9)))
        for (const { bytes, commandId, epoch, position, to } of yield* ledger.unfinished("store:1")) {
          const recipient = utf8(JSON.stringify(to))
          const place = lengthPrefixed("homing/ledger/entry/1", epoch, `${position}`, commandId)
          const personal = blobs.seal(concat(Uint8Array.of(0, recipient.length), recipient, bytes), place)
          db.prepare("UPDATE entries SET personal = ? WHERE position = ?").run(personal, position)
        }
        db.prepare("UPDATE entries SET wa_message_id = ? WHERE position = 1").run(waMessageIdOf(77))
        db.close()
      })
    )
    const { refusals, sent } = yield* startAgent(gateway)
    const again = { attempt: "2" }
    yield* Fiber.join(
      yield* gateway.issue(sendOf(1, { header: again }), sendOf(2, { header: { ...again, subject: bob } }))
    )
    yield* connect(gateway, device)
    yield* until("the other is sent", () => gateway.claims(2).length > 0)
    yield* pass(60)
    assert.deepStrictEqual([numbersOf(sent), gateway.claims(1)], [[2], []])
    const refused = (yield* refusals.latest(10)).map(({ reason }) => reason)
    assert.deepStrictEqual(refused, ["contradicts_ledger"])
  })
)
