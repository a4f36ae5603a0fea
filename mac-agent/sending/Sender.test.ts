import { DatabaseSync } from "node:sqlite"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import type { SendOutcome } from "#domain/ports/WhatsApp.ts"
import {
  alice,
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
const numberOf = (message: { readonly waMessageId: string }) => numbersOf([message])[0]!
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

it.effect("writes to WhatsApp only what is durably being attempted", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const states: Array<unknown> = []
    const tries = new Map<number, number>()
    const { steps } = yield* startAgent(gateway, {
      outcome: (message) =>
        Effect.sync(() => {
          const another = new DatabaseSync(gateway.file, { readOnly: true }) // sees what is committed, nothing else
          states.push(
            another.prepare("SELECT state FROM entries WHERE wa_message_id = ?").get(message.waMessageId)?.state
          )
          another.close()
          const n = numberOf(message)
          tries.set(n, (tries.get(n) ?? 0) + 1)
          if (n === 2 && tries.get(n) === 1) return { _tag: "NotSent", reason: "lookup_failed", final: false }
          return n === 3 && tries.get(n) === 1 ? { _tag: "Unknown", reason: "ack_timeout" } : acked
        })
    })
    yield* connect(gateway, device)
    yield* gateway.issue(sendOf(1), sendOf(2, { header: { subject: bob } }), sendOf(3))
    yield* until("three were tried", () => states.length === 3)
    yield* pass(20)
    yield* until("two were tried again", () => states.length === 5)
    assert.deepStrictEqual(new Set(states), new Set(["attempting"]))
    assert.isBelow(steps.indexOf("agent.received"), steps.indexOf("agent.attempting"))
    assert.isBelow(steps.indexOf("agent.attempting"), steps.indexOf("agent.sent"))
  })
)

it.effect("sends what was signed, once, under its id, and reports the server's acknowledgement", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const at = fromMillis(start - 1)
    const { ledger, sent } = yield* startAgent(gateway, { outcome: () => Effect.succeed({ _tag: "Acked", at }) })
    yield* connect(gateway, device)
    yield* gateway.issue(sendOf(7, { text: "hello 😀", header: { attempt: "3" } }))
    yield* until("it is reported", () => gateway.claims(7).length > 0)
    const [{ bytes, device: by, to, waMessageId }] = sent as [(typeof sent)[number]]
    assert.deepStrictEqual(
      [text(bytes), by, to.address as string, waMessageId],
      ["hello 😀", device, "+15551234567", waMessageIdOf(7)]
    )
    const [{ header, report }] = gateway.messageReports(7) as [ReturnType<typeof gateway.messageReports>[number]]
    assert.deepInclude(report, { kind: "message", claim: "sent", at })
    assert.deepInclude(header, { attempt: "3", position: "7", subject: alice, device, issuedAt: fromMillis(start) })
    yield* pass(60)
    assert.strictEqual(sent.length, 1)
    assert.deepStrictEqual(gateway.claims(7), ["sent"])
    assert.strictEqual(yield* stateIn(ledger, waMessageIdOf(7)), "acked")
    assert.deepStrictEqual(gateway.refused, [])
  })
)

it.effect("reports each other outcome as what it is", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const outcomes: Record<number, Effect.Effect<SendOutcome>> = {
      1: Effect.succeed({ _tag: "Rejected", code: "463", at: fromMillis(start) }),
      2: Effect.succeed({ _tag: "NotSent", reason: "recipient_not_on_whatsapp", final: true }),
      3: Effect.succeed({ _tag: "Unknown", reason: "connection_lost" }),
      4: Effect.die(new Error("broken")),
      5: Effect.succeed(acked)
    }
    const { ledger } = yield* startAgent(gateway, { outcome: (message) => outcomes[numberOf(message)]! })
    yield* connect(gateway, device)
    for (const n of [1, 2, 3, 4, 5]) yield* gateway.issue(sendOf(n))
    yield* until("all are reported", () => [1, 2, 3, 4, 5].every((n) => gateway.claims(n).length > 0))
    const told = [1, 2, 3, 4, 5].flatMap((n) =>
      gateway.messageReports(n).map(({ report }) => (report.kind === "message" ? [n, report.claim, report.code] : []))
    )
    assert.deepStrictEqual(told, [
      [1, "failed", "463"],
      [2, "failed", "recipient_not_on_whatsapp"],
      [3, "unknown", "connection_lost"],
      [4, "unknown", "send_failed"],
      [5, "sent", undefined]
    ])
    yield* pass(2)
    assert.deepStrictEqual(yield* Effect.forEach([1, 2, 3, 4, 5], (n) => stateIn(ledger, waMessageIdOf(n))), [
      "rejected",
      "rejected",
      "ambiguous",
      "ambiguous",
      "acked"
    ])
  })
)

it.effect("tries again what certainly did not leave, with the same bytes, and says nothing of it", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    let tries = 0
    const { sent } = yield* startAgent(gateway, {
      outcome: () =>
        Effect.sync(
          (): SendOutcome => (++tries < 4 ? { _tag: "NotSent", reason: "not_connected", final: false } : acked)
        )
    })
    yield* connect(gateway, device)
    yield* gateway.issue(sendOf(1))
    for (const next of [2, 3, 4]) {
      yield* until("it was tried", () => tries === next - 1)
      assert.deepStrictEqual(gateway.claims(1), [])
      yield* pass(1)
      assert.strictEqual(tries, next - 1)
      yield* pass(1)
    }
    yield* until("it is reported", () => gateway.claims(1).length > 0)
    assert.deepStrictEqual(gateway.claims(1), ["sent"])
    for (const one of sent) assert.deepStrictEqual(one, sent[0]!)
  })
)

it.effect("keeps a chat's order, and a muted chat holds up nobody", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const muted = yield* Deferred.make<SendOutcome>()
    const { sent } = yield* startAgent(gateway, {
      outcome: (message) => (numberOf(message) === 1 ? Deferred.await(muted) : Effect.succeed(acked))
    })
    yield* connect(gateway, device, otherDevice)
    yield* gateway.issue(sendOf(1), sendOf(2), sendOf(3, { header: { subject: bob } }))
    yield* gateway.issue(
      sendOf(4),
      sendOf(5, { header: { device: otherDevice } }),
      sendOf(6, { header: { subject: bob } })
    )
    yield* until("the other chats are done", () => [3, 5, 6].every((n) => gateway.claims(n).length > 0))
    assert.deepStrictEqual(numbersOf(sent), [1, 3, 5, 6])
    yield* Deferred.succeed(muted, { _tag: "Unknown", reason: "ack_timeout" }) // a verdict too
    yield* until("the chat is done", () => gateway.claims(4).length > 0)
    assert.deepStrictEqual(numbersOf(sent), [1, 3, 5, 6, 2, 4])
  })
)

it.effect("holds a chat behind what could not leave yet, and no other chat", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    let reachable = false
    const { sent } = yield* startAgent(gateway, {
      outcome: (message) =>
        Effect.sync(() =>
          reachable || numberOf(message) !== 1 ? acked : { _tag: "NotSent", reason: "lookup_failed", final: false }
        )
    })
    yield* connect(gateway, device)
    yield* gateway.issue(sendOf(1), sendOf(2))
    yield* gateway.issue(sendOf(3), sendOf(4, { header: { subject: bob } }))
    yield* until("the other chat is done", () => gateway.claims(4).length > 0)
    yield* pass(4)
    assert.notInclude(numbersOf(sent), 2)
    reachable = true
    yield* pass(3)
    yield* until("the chat is done", () => gateway.claims(3).length > 0)
    assert.deepStrictEqual(numbersOf(sent).slice(-3), [1, 2, 3])
  })
)

it.effect("keeps a chat's order while the ledger is slow", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const [writing, sending] = [yield* Deferred.make<void>(), yield* Deferred.make<SendOutcome>()]
    const { sent } = yield* startAgent(gateway, {
      outcome: (message) => (numberOf(message) === 1 ? Deferred.await(sending) : Effect.succeed(acked)),
      ledger: (ledger) => ({
        ...ledger,
        accept: (entries) =>
          Effect.andThen(entries[0].position === 2n ? Deferred.await(writing) : Effect.void, ledger.accept(entries))
      })
    })
    yield* connect(gateway, device)
    yield* gateway.issue(sendOf(1))
    yield* until("the first is under way", () => sent.length === 1)
    yield* gateway.issue(sendOf(2))
    yield* Deferred.succeed(sending, acked)
    yield* until("the first is done", () => gateway.claims(1).length > 0)
    yield* gateway.issue(sendOf(3))
    yield* gateway.issue(sendOf(4, { header: { subject: bob } }))
    yield* until("what came later is there", () => gateway.claims(4).length > 0)
    assert.deepStrictEqual(numbersOf(sent), [1, 4])
    yield* Deferred.succeed(writing, undefined)
    yield* until("all are done", () => gateway.claims(3).length > 0)
    assert.deepStrictEqual(numbersOf(sent), [1, 4, 2, 3])
  })
)

it.effect("waits for a device that is not connected, then goes on in order", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { sent, steps, tell } = yield* startAgent(gateway)
    yield* connect(gateway, device)
    yield* tell({ _tag: "Disconnected", device, reason: "connection_lost", final: false })
    yield* until("it is known", () => gateway.changes(device).at(-1) === "disconnected")
    yield* gateway.issue(sendOf(1), sendOf(2), sendOf(3, { header: { subject: bob } }))
    yield* until("they have arrived", () => steps.includes("agent.received"))
    yield* pass(10)
    assert.deepStrictEqual(numbersOf(sent), [])
    yield* tell({ _tag: "Connected", device })
    yield* until("all are done", () => [1, 2, 3].every((n) => gateway.claims(n)[0] === "sent"))
    assert.deepStrictEqual(numbersOf(sent).toSorted(), [1, 2, 3])
    assert.isBelow(numbersOf(sent).indexOf(1), numbersOf(sent).indexOf(2))
  })
)

it.effect("tells that it is attempting only when that lasts", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const long = yield* Deferred.make<SendOutcome>()
    yield* startAgent(gateway, {
      lastingMillis: 1_000,
      outcome: (message) => (numberOf(message) === 2 ? Deferred.await(long) : Effect.succeed(acked))
    })
    yield* connect(gateway, device)
    yield* gateway.issue(sendOf(1), sendOf(2))
    yield* until("it lasts", () => gateway.claims(2).length > 0)
    assert.deepStrictEqual([gateway.claims(1), gateway.claims(2)], [["sent"], ["attempting"]])
    yield* Deferred.succeed(long, acked)
    yield* until("it is over", () => gateway.claims(2).length > 1)
    assert.deepStrictEqual(gateway.claims(2), ["attempting", "sent"])
  })
)
