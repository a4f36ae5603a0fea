import { DatabaseSync } from "node:sqlite"
import { assert, it } from "@effect/vitest"
import { Array, Deferred, Effect, Fiber } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import { LedgerUnavailable } from "#domain/ports/Ledger.ts"
import { type SendOutcome, WhatsAppUnavailable } from "#domain/ports/WhatsApp.ts"
import { encodePayload } from "#domain/testing/EnvelopeFixture.ts"
import { encodeUnsigned } from "#domain/wire/Envelope.ts"
import {
  bob,
  connect,
  device,
  headerOf,
  makeGateway,
  otherDevice,
  pairOf,
  sendOf,
  start,
  startAgent,
  waMessageIdOf
} from "../testing/AgentFixture.ts"
import { pass, until } from "../testing/Turns.ts"

const unlinkOf = (n: number) =>
  encodeUnsigned({
    header: headerOf(n, { direction: "homing/command/3", subject: "-" }),
    payload: encodePayload({ kind: "unlink" })
  })

it.effect("tells what becomes of a device, step by step, over restarts", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { ledger, tell } = yield* startAgent(gateway)
        yield* connect(gateway, device)
        yield* tell({ _tag: "Disconnected", device, reason: "connection_lost", final: false })
        yield* until("it is away", () => gateway.changes(device).length === 3)
        assert.deepInclude((yield* ledger.devices)[0], { device, reported: 3, pairing: undefined })
      })
    )
    const { tell } = yield* startAgent(gateway)
    yield* until("it is back", () => gateway.changes(device).length === 4)
    yield* tell({ _tag: "Disconnected", device, reason: "logged_out", final: true })
    yield* until("it is logged out", () => gateway.changes(device).length === 5)
    assert.deepStrictEqual(gateway.changes(device), ["paired", "connected", "disconnected", "connected", "logged_out"])
    yield* pass(20)
    const paired = () => gateway.told.filter(({ report }) => report.kind === "device" && report.change === "paired")
    yield* until("what was not acknowledged is told again", () => paired().length > 1)
    const reasons = gateway.told.flatMap(({ report }) => (report.kind === "device" ? [report.reason] : []))
    assert.includeMembers(reasons, ["connection_lost", "logged_out"])
  })
)

it.effect("holds a device once, and none that it was not given", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { ledger, tell } = yield* startAgent(gateway)
    yield* connect(gateway, device)
    yield* Fiber.join(yield* gateway.issue(pairOf(1), pairOf(2, { attempt: "2" })))
    yield* tell({ _tag: "Connected", device: otherDevice })
    yield* tell({ _tag: "Disconnected", device, reason: "connection_lost", final: false })
    yield* until("it is away", () => gateway.changes(device).at(-1) === "disconnected")
    assert.deepStrictEqual(gateway.changes(device), ["paired", "connected", "disconnected"])
    assert.deepStrictEqual(gateway.changes(otherDevice), [])
    assert.strictEqual((yield* ledger.devices).length, 1)
  })
)

it.effect("loses nothing that is told while the ledger is down, and is not stopped by it", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    let down = false
    const { tell } = yield* startAgent(gateway, {
      ledger: (ledger) => ({
        ...ledger,
        saveDevice: (...args) =>
          Effect.suspend(() =>
            down ? Effect.fail(new LedgerUnavailable({ cause: "test" })) : ledger.saveDevice(...args)
          )
      })
    })
    yield* connect(gateway, device)
    down = true
    yield* tell({ _tag: "Disconnected", device, reason: "connection_lost", final: false })
    yield* tell({ _tag: "Connected", device })
    const pairing = yield* gateway.issue(pairOf(900_002, { device: otherDevice }))
    yield* pass(5)
    assert.deepStrictEqual([gateway.changes(device).length, pairing.pollUnsafe()], [2, undefined])
    down = false
    yield* pass(5)
    yield* Fiber.join(pairing)
    yield* until("the other is connected", () => gateway.changes(otherDevice).at(-1) === "connected")
    assert.deepStrictEqual(gateway.changes(device), ["paired", "connected", "disconnected", "connected"])
    yield* gateway.issue(sendOf(1))
    yield* until("commands are taken", () => gateway.claims(1)[0] === "sent")
  })
)

it.effect("tells that a session cannot be opened, once, and opens it when that can be done", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    let tries = 0
    let broken = true
    yield* startAgent(gateway, {
      opening: () =>
        Effect.suspend(() => {
          tries++
          return broken ? Effect.fail(new WhatsAppUnavailable({ cause: "test" })) : Effect.void
        })
    })
    yield* gateway.issue(pairOf(1))
    yield* until("it is told", () => gateway.changes(device).length === 1)
    yield* pass(600)
    assert.deepStrictEqual(gateway.changes(device), ["disconnected"])
    const told = gateway.told.map(({ report }) => (report.kind === "device" ? report.reason : report.kind))
    assert.deepStrictEqual([...new Set(told)], ["not_opened"])
    assert.isAbove(tries, 10) // 1, 2, 4, … 32 seconds apart, then a minute
    assert.isBelow(tries, 20)
    broken = false
    yield* pass(61)
    yield* until("it is open", () => gateway.changes(device).at(-1) === "connected")
  })
)

it.effect(
  "a linked device without its credentials is not opened, and no log-out is told; unlinked, it is forgotten",
  () =>
    Effect.gen(function* () {
      const gateway = yield* makeGateway
      const asLinked: globalThis.Array<boolean> = []
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* startAgent(gateway, { opening: (_device, linked) => Effect.sync(() => void asLinked.push(linked)) })
          yield* connect(gateway, device)
        })
      )
      const { ledger, tell } = yield* startAgent(gateway, {
        opening: (_device, linked) =>
          Effect.suspend(() => {
            asLinked.push(linked)
            return linked ? Effect.fail(new WhatsAppUnavailable({ cause: "test" })) : Effect.never
          })
      })
      yield* pass(20)
      assert.deepStrictEqual(gateway.changes(device), ["paired", "connected", "disconnected"])
      assert.deepInclude((yield* ledger.devices)[0], { device, standing: "open" })
      const tries = asLinked.length
      yield* Fiber.join(yield* gateway.issue(unlinkOf(900_010)))
      yield* tell({ _tag: "Disconnected", device, reason: "logged_out", final: true })
      yield* until("it is forgotten", () => gateway.changes(device).at(-1) === "logged_out")
      yield* pass(180) // nobody goes on opening what it was
      assert.deepStrictEqual(asLinked.slice(0, tries), [false, ...Array.makeBy(tries - 1, () => true)])
      assert.deepStrictEqual(asLinked.slice(tries), [false])
      const reasons = gateway.told.flatMap(({ report }) => (report.kind === "device" ? [report.reason] : []))
      assert.includeMembers(reasons, ["not_opened", "forgotten"])
      assert.notIncludeMembers(reasons, ["unlinked"])
    })
)

it.effect("a word on one message does not wait until the word on another is written down", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { tell } = yield* startAgent(gateway, {
      ledger: (ledger) => ({
        ...ledger,
        changeAlong: (changes) =>
          changes[0].reports.length > 0 && changes[0].position === 1n ? Effect.never : ledger.changeAlong(changes)
      })
    })
    yield* connect(gateway, device)
    yield* gateway.issue(sendOf(1), sendOf(2, { header: { subject: bob } }))
    yield* until("both are sent", () => [1, 2].every((n) => gateway.claims(n)[0] === "sent"))
    for (const n of [1, 2]) {
      yield* tell({ _tag: "Receipt", device, waMessageId: waMessageIdOf(n), kind: "read", at: fromMillis(start) })
    }
    yield* until("the second is read", () => gateway.claims(2).includes("read"))
    assert.notInclude(gateway.claims(1), "read")
  })
)

it.effect("takes a receipt when the ledger has it; the try that it ends is not called sent as well", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const over = yield* Deferred.make<SendOutcome>()
    const states: Array<unknown> = []
    const taken = Effect.suspend(() => {
      const another = new DatabaseSync(gateway.file, { readOnly: true }) // sees what is committed, nothing else
      states.push(another.prepare("SELECT state FROM entries").get()?.state)
      another.close()
      return Deferred.succeed(over, { _tag: "Acked", at: fromMillis(start) })
    })
    const { sent, tell } = yield* startAgent(gateway, { outcome: () => Deferred.await(over) })
    yield* connect(gateway, device)
    yield* gateway.issue(sendOf(1), sendOf(2))
    yield* until("it is under way", () => sent.length === 1)
    yield* tell({ _tag: "Receipt", device, waMessageId: waMessageIdOf(1), kind: "read", at: fromMillis(start), taken })
    yield* until("the chat goes on", () => gateway.claims(2).length === 1)
    assert.deepStrictEqual([gateway.claims(1), states], [["read"], ["acked"]])
  })
)

it.effect("does not take a receipt that it could not handle", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const takenOf: Array<string> = []
    const { tell } = yield* startAgent(gateway, {
      ledger: (ledger) => ({
        ...ledger,
        findSent: (waMessageId) => (waMessageId === "broken" ? Effect.die("test") : ledger.findSent(waMessageId))
      })
    })
    yield* connect(gateway, device)
    for (const waMessageId of ["broken", "none of ours"]) {
      const taken = Effect.sync(() => void takenOf.push(waMessageId))
      yield* tell({ _tag: "Receipt", device, waMessageId, kind: "read", at: fromMillis(start), taken })
    }
    yield* until("the other is taken", () => takenOf.length > 0)
    assert.deepStrictEqual(takenOf, ["none of ours"])
  })
)
