import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { BusUnavailable } from "#domain/ports/CommandBus.ts"
import * as HeldTimers from "#domain/testing/HeldTimers.ts"
import { directionOf, numbersSince } from "#domain/wire/Versions.ts"
import {
  acknowledgementOf,
  connect,
  device,
  makeGateway,
  otherDevice,
  pairOf,
  sendOf,
  start,
  startAgent,
  waMessageIdOf
} from "../testing/AgentFixture.ts"
import { pass, until } from "../testing/Turns.ts"

const newest = { direction: directionOf("commands", numbersSince) }

it.effect("a report comes again until its acknowledgement, later each time, always the same", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    yield* startAgent(gateway)
    yield* connect(gateway, device)
    yield* gateway.issue(sendOf(1))
    yield* until("it is told", () => gateway.messageReports(1).length === 1)
    const toldAfter = Effect.fnUntraced(function* (seconds: number) {
      yield* pass(seconds)
      return gateway.messageReports(1).length
    })
    assert.strictEqual(yield* toldAfter(14), 1)
    assert.strictEqual(yield* toldAfter(8), 2)
    const inAnHour = yield* toldAfter(3_600)
    assert.isTrue(inAnHour >= 10 && inAnHour <= 14, `${inAnHour} times in an hour`)
    const said = gateway.messageReports(1).map(({ header, id, report }) => ({ header, id, report }))
    for (const one of said) assert.deepStrictEqual(one, said[0])
  })
)

it.effect("what was not acknowledged is told again after a restart, and what was is not", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* startAgent(gateway)
        yield* connect(gateway, device)
        yield* gateway.issue(sendOf(1), sendOf(2))
        yield* until("both are told", () => [1, 2].every((n) => gateway.messageReports(n).length === 1))
        const acknowledged = [gateway.messageReports(1)[0]!.id]
        yield* Fiber.join(yield* gateway.issue(acknowledgementOf(800_001, acknowledged)))
      })
    )
    yield* startAgent(gateway)
    yield* pass(40)
    yield* until("it is told again", () => gateway.messageReports(2).length > 1)
    assert.strictEqual(gateway.messageReports(1).length, 1)
  })
)

it.effect("what was not acknowledged is told as soon as the agent is back, though the bus remembers it", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* startAgent(gateway)
        yield* connect(gateway, device)
        yield* gateway.issue(sendOf(1))
        yield* until("it is told", () => gateway.messageReports(1).length === 1)
      })
    )
    yield* startAgent(gateway)
    yield* until("it is told again", () => gateway.messageReports(1).length === 2)
  })
)

it.effect("what the bus did not take leaves as soon as the bus is back", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { bus } = gateway
    let down = false
    const ids = new Set<string>()
    const publish: typeof bus.publish = (lane, envelopes) =>
      Effect.suspend(() => {
        for (const { id } of envelopes) if (id.includes(":")) ids.add(id) // a heartbeat's has none
        return down ? Effect.fail(new BusUnavailable({ cause: "test" })) : bus.publish(lane, envelopes)
      })
    const { sent } = yield* startAgent({ ...gateway, bus: { ...bus, publish } })
    yield* connect(gateway, device)
    down = true
    ids.clear()
    yield* gateway.issue(sendOf(1))
    yield* until("it is sent", () => sent.length === 1)
    yield* pass(20 * 60)
    assert.isAtMost(ids.size, 3) // each may have been stored, and its confirmation lost
    down = false
    yield* pass(6)
    yield* until("it is told", () => gateway.claims(1)[0] === "sent")
  })
)

it.effect("reports that are never acknowledged keep no other waiting", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { ledger } = yield* startAgent(gateway)
    yield* connect(gateway, device)
    const [one, other] = yield* ledger.unacknowledged(2)
    const { bytes } = one!
    const stuck = Array.from({ length: 4_500 }, () => ({ id: EventId.make(crypto.randomUUID()), position: 0n, bytes }))
    yield* ledger.keep([...stuck] as never)
    yield* pass(40)
    yield* until("it comes again", () => gateway.told.filter(({ id }) => id === other!.id).length > 1)
  })
)

it.effect("reports that are ready together leave under one signature", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { tell } = yield* startAgent(gateway)
    yield* connect(gateway, device, otherDevice)
    yield* gateway.issue(
      ...Array.from({ length: 40 }, (_, i) => sendOf(i + 1, { header: { subject: "S".repeat(41) + String(i + 10) } }))
    )
    yield* until("all are told", () =>
      Array.from({ length: 40 }, (_, i) => i + 1).every((n) => gateway.claims(n).length > 0)
    )
    const batches = new Set(
      gateway.told.filter(({ report }) => report.kind === "message").map(({ signature }) => signature)
    )
    assert.isAtMost(batches.size, 4)
    assert.deepStrictEqual(gateway.refused, [])
    yield* tell({ _tag: "Disconnected", device, reason: "connection_lost", final: false })
    yield* until("others too", () => gateway.changes(device).at(-1) === "disconnected")
  })
)

it.effect("what may wait a little leaves with what is told next, or by itself soon", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { steps, tell } = yield* startAgent(gateway)
    yield* connect(gateway, device)
    yield* gateway.issue(sendOf(1))
    yield* until("it is told", () => gateway.claims(1).length === 1)
    const hear = Effect.fnUntraced(function* (n: number, kind: "delivered" | "read") {
      const settled = () => steps.filter((step) => step === "agent.settled").length
      const before = settled()
      yield* tell({ _tag: "Receipt", device, waMessageId: waMessageIdOf(n), kind, at: fromMillis(start) })
      yield* until("it is durable", () => settled() > before)
    })
    yield* hear(1, "delivered")
    yield* hear(1, "read")
    yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 20)))
    assert.deepStrictEqual(gateway.claims(1), ["sent"])
    yield* gateway.issue(sendOf(2))
    yield* until("it leaves with the next", () => gateway.claims(1).length === 3 && gateway.claims(2).length === 1)
    const last = [...gateway.messageReports(1).slice(1), ...gateway.messageReports(2)]
    assert.strictEqual(new Set(last.map(({ signature }) => signature)).size, 1)
    yield* hear(2, "delivered")
    yield* pass(1)
    yield* until("it is told alone", () => gateway.claims(2).length === 2)
  }).pipe(Effect.provide(HeldTimers.layer))
)

it.effect("an account's number is told to the gateway alone, again until it has it, and kept nowhere", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { ledger, tell } = yield* startAgent(gateway, { protocol: 3, number: () => PhoneNumber.make("+15550100009") })
    yield* gateway.issue(pairOf(1, newest))
    yield* until("it is told", () => gateway.numbers.length === 1)
    assert.deepStrictEqual(gateway.numbers, [{ device, asOf: 1, personal: { number: "+15550100009" } }])
    yield* pass(40)
    assert.isAbove(gateway.numbers.length, 1)
    for (const told of gateway.numbers) assert.deepStrictEqual(told, gateway.numbers[0])
    const numbers = gateway.told.filter(({ report }) => report.kind === "number")
    yield* Fiber.join(yield* gateway.issue(acknowledgementOf(800_001, [numbers[0]!.id], newest)))
    const before = gateway.numbers.length
    yield* pass(3_600)
    assert.strictEqual(gateway.numbers.length, before)
    const kept = yield* ledger.unacknowledged(100)
    assert.isTrue(kept.every(({ bytes }) => !new TextDecoder().decode(bytes).includes('"number"')))
    yield* tell({ _tag: "Connected", device, number: PhoneNumber.make("+15550100010") })
    yield* until("another is told", () => gateway.numbers.length > before)
    assert.deepStrictEqual(gateway.numbers.at(-1), { device, asOf: 2, personal: { number: "+15550100010" } })
  })
)

it.effect("a gateway that has no words for a number is told none, until it is known to have some", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    yield* startAgent(gateway, { protocol: 2 })
    yield* gateway.issue(pairOf(1, { direction: directionOf("commands", numbersSince - 1) }))
    yield* until("it is connected", () => gateway.changes(device).at(-1) === "connected")
    yield* pass(3_600)
    assert.deepStrictEqual(gateway.numbers, [])
    yield* Fiber.join(yield* gateway.issue(acknowledgementOf(800_001, [], newest)))
    yield* pass(6)
    yield* until("the gateway is another one", () => gateway.numbers.length > 0)
  })
)

it.effect("a code to pair with is shown to the gateway alone, and kept nowhere", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { ledger, tell } = yield* startAgent(gateway)
    yield* connect(gateway, device)
    const expiresAt = fromMillis(start + 20_000)
    yield* tell({ _tag: "PairingCode", device, method: "qr", code: "2@secret", expiresAt })
    yield* until("it is shown", () => gateway.codes.length > 0)
    assert.deepStrictEqual(gateway.codes, [{ device, method: "qr", expiresAt, personal: { code: "2@secret" } }])
    const kept = yield* ledger.unacknowledged(100)
    assert.isTrue(kept.every(({ bytes }) => !new TextDecoder().decode(bytes).includes("pairing_code")))
    yield* pass(60)
    assert.strictEqual(gateway.codes.length, 1)
  })
)

it.effect("a code that takes the place of another in the same millisecond is shown as well", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { tell } = yield* startAgent(gateway)
    yield* connect(gateway, device)
    const expiresAt = fromMillis(start + 20_000)
    for (const code of ["2@one", "2@two"]) yield* tell({ _tag: "PairingCode", device, method: "qr", code, expiresAt })
    yield* until("both are shown", () => gateway.codes.length === 2)
    assert.deepStrictEqual(
      gateway.codes.map(({ personal }) => personal),
      [{ code: "2@one" }, { code: "2@two" }]
    )
  })
)
