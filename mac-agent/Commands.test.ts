import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import { AgentId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { BusUnavailable } from "#domain/ports/CommandBus.ts"
import { encodeUnsigned, signBatch } from "#domain/wire/Envelope.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { encode } from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import {
  acknowledgementOf,
  bob,
  connect,
  device,
  gatewayKeys,
  headerOf,
  makeGateway,
  numbersOf,
  otherDevice,
  pairOf,
  sendOf,
  start,
  startAgent
} from "./testing/AgentFixture.ts"
import { pass, until } from "./testing/Turns.ts"

const stranger = crypto.signingKey(new Uint8Array(32).fill(77))

it.effect("no command reaches WhatsApp but the gateway's own, to this agent, about this log", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { ledger, sent } = yield* startAgent(gateway)
    yield* connect(gateway, device)
    const wrong: Record<string, Uint8Array> = {
      "another direction": sendOf(1, { header: { direction: "homing/report/1" } }),
      "another tenant": sendOf(2, { header: { tenant: "other" } }),
      "another agent": sendOf(3, { header: { agent: "office" } }),
      "another lane": sendOf(4, { header: { lane: "homing.commands.office" } }),
      "the lane of reports": sendOf(5, { header: { lane: "homing.reports.home" } }),
      "another log": sendOf(6, { header: { epoch: "other:1" } }),
      "another epoch": sendOf(7, { header: { epoch: "store:2" } }),
      "an unknown key": sendOf(8, { header: { keyId: "gateway-2" } }),
      "no device": sendOf(9, { header: { device: "-" } }),
      "no subject": sendOf(10, { header: { subject: "-" } }),
      "a strange subject": sendOf(11, { header: { subject: "../../etc/passwd" } }),
      "attempt 0": sendOf(12, { header: { attempt: "0" } }),
      "a negative position": sendOf(13, { header: { position: "-13" } }),
      "a position beyond counting": sendOf(14, { header: { position: "9999999999999999999" } }),
      "no expiry": sendOf(15, { header: { expiresAt: "never" } }),
      "an impossible expiry": sendOf(16, { header: { expiresAt: "2030-13-01T00:00:00.000Z" } }),
      "no command id": sendOf(17, { header: { commandId: "-" } }),
      "a box of another attempt": sendOf(18, { sealedFor: { attempt: "2" } }),
      "a box of another command": sendOf(19, { sealedFor: { commandId: "0196f3c0-0000-5000-8000-00000000ffff" } }),
      "a box for another agent": sendOf(20, { sealedFor: { agent: "office" } }),
      "no text": sendOf(21, { text: "" }),
      "content that a newer release knows": sendOf(25, { content: { type: "hologram", depth: 3 } }),
      "a strange WhatsApp id": sendOf(22, { payload: { waMessageId: "3EB0" } }),
      "an unknown kind": sendOf(23, { payload: { kind: "erase" } }),
      "no JSON": encodeUnsigned({ header: headerOf(24), payload: Uint8Array.of(0xff) })
    }
    for (const bytes of Object.values(wrong)) yield* Fiber.join(yield* gateway.issue(bytes))

    const good = sendOf(50)
    const forged = yield* signBatch(crypto, stranger.key, [sendOf(30)])
    const flipped = (yield* signBatch(crypto, gatewayKeys.key, [sendOf(31)]))[0]!
    flipped[flipped.length - 1]! ^= 1
    const [first] = yield* signBatch(crypto, gatewayKeys.key, [sendOf(32), sendOf(33)])
    const transplanted = new Uint8Array([...first!.subarray(0, first!.length - good.length), ...good])
    for (const bytes of [...forged, flipped, transplanted, utf8("hello"), new Uint8Array(0)]) {
      yield* Fiber.join(yield* gateway.publish([bytes]))
    }
    yield* gateway.publish([forged[0]!, ...(yield* signBatch(crypto, gatewayKeys.key, [good])), flipped])
    yield* until("the good one is sent", () => gateway.claims(50).length > 0)
    yield* pass(60)
    assert.deepStrictEqual(numbersOf(sent), [50])
    assert.deepStrictEqual(yield* ledger.unfinished("store:1"), [])
    assert.deepStrictEqual(yield* ledger.unfinished("store:2"), [])
  })
)

it.effect("a replayed command is acknowledged and sent no second time, alone or with others", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { sent } = yield* startAgent(gateway)
    yield* connect(gateway, device)
    const envelopes = yield* signBatch(crypto, gatewayKeys.key, [sendOf(1), sendOf(2, { header: { subject: bob } })])
    for (const replay of [envelopes, envelopes, [envelopes[0]!], [envelopes[1]!, envelopes[1]!, envelopes[0]!]]) {
      yield* Fiber.join(yield* gateway.publish(replay))
    }
    yield* until("both are sent", () => [1, 2].every((n) => gateway.claims(n).length > 0))
    yield* pass(60)
    assert.deepStrictEqual(numbersOf(sent).toSorted(), [1, 2])
  })
)

it.effect("an expired command is not sent, whenever it comes; one for another device waits for that device", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { sent } = yield* startAgent(gateway)
    yield* connect(gateway, device)
    const over = { expiresAt: fromMillis(start) }
    yield* gateway.issue(sendOf(1, { header: over }), sendOf(2, { header: { device: otherDevice } }))
    yield* until("it has expired", () => gateway.claims(1).length > 0)
    yield* pass(60)
    assert.deepStrictEqual([gateway.claims(1), gateway.claims(2), sent.length], [["expired"], [], 0])
    yield* connect(gateway, otherDevice)
    yield* until("the other is sent", () => gateway.claims(2).length > 0)
    assert.deepStrictEqual([sent.length, sent[0]!.device], [1, otherDevice])
  })
)

it.effect("no device is paired by a command that is not the gateway's, or too old", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { ledger } = yield* startAgent(gateway)
    yield* gateway.publish(yield* signBatch(crypto, stranger.key, [pairOf(1)]))
    yield* gateway.issue(
      pairOf(2, { expiresAt: fromMillis(start) }),
      pairOf(3, { agent: AgentId.make("office") }),
      pairOf(4, { epoch: "store:2" })
    )
    yield* connect(gateway, otherDevice)
    assert.deepStrictEqual(
      (yield* ledger.devices).map((held) => held.device),
      [otherDevice]
    )
    assert.deepStrictEqual(gateway.changes(device), [])
  })
)

it.effect("only the gateway's acknowledgement lets a report go", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { ledger } = yield* startAgent(gateway)
    yield* connect(gateway, device)
    yield* gateway.issue(sendOf(1))
    yield* until("it is sent", () => gateway.claims(1).length > 0)
    const { id } = gateway.messageReports(1)[0]!
    yield* gateway.publish(yield* signBatch(crypto, stranger.key, [acknowledgementOf(800_001, [id])]))
    yield* gateway.issue(
      acknowledgementOf(800_002, [id], { agent: "office" }),
      acknowledgementOf(800_003, [id], { epoch: "store:2" })
    )
    yield* pass(25)
    yield* until("it comes again", () => gateway.messageReports(1).length > 1)
    yield* Fiber.join(yield* gateway.issue(acknowledgementOf(800_004, [id])))
    yield* gateway.issue(sendOf(2)) // the commit on which the acknowledgement rides
    yield* until("the next is sent", () => gateway.claims(2).length > 0)
    const before = gateway.messageReports(1).length
    yield* pass(20 * 60)
    assert.strictEqual(gateway.messageReports(1).length, before)
    assert.notInclude(
      (yield* ledger.unacknowledged(100)).map((report) => report.id),
      id
    )
  })
)

it.effect("the bus hears that a command arrived when the ledger has it", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const writing = yield* Deferred.make<void>()
    const { sent, steps } = yield* startAgent(gateway, {
      ledger: (ledger) => ({
        ...ledger,
        accept: (entries) => Effect.andThen(Deferred.await(writing), ledger.accept(entries))
      })
    })
    yield* connect(gateway, device)
    const publishing = yield* gateway.issue(sendOf(1))
    yield* until("it has arrived", () => steps.includes("agent.received"))
    yield* pass(5)
    assert.deepStrictEqual([publishing.pollUnsafe(), sent.length], [undefined, 0])
    yield* Deferred.succeed(writing, undefined)
    yield* Fiber.join(publishing)
    yield* until("it is sent", () => gateway.claims(1).length > 0)
  })
)

it.effect("a command that breaks the agent's hands does not stop those behind it", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { sent } = yield* startAgent(gateway, {
      encode: (_device, { content }) =>
        "text" in content && content.text === "text 1"
          ? Effect.die(new Error("broken"))
          : Effect.succeed(encode(content))
    })
    yield* connect(gateway, device)
    yield* Fiber.join(yield* gateway.issue(sendOf(1), sendOf(2)))
    yield* gateway.issue(sendOf(3))
    yield* until("the others are sent", () => [2, 3].every((n) => gateway.claims(n)[0] === "sent"))
    assert.deepStrictEqual(numbersOf(sent), [2, 3])
  })
)

it.effect("commands are taken again when the bus went away, failed or broke", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { bus } = gateway
    let subscriptions = 0
    const ends = [Stream.fail(new BusUnavailable({ cause: "test" })), Stream.empty, Stream.die(new Error("broken"))]
    const subscribe: typeof bus.subscribe = (lane) =>
      Stream.suspend(() => Stream.concat(Stream.take(bus.subscribe(lane), 1), ends[subscriptions++ % 3]!))
    const { sent } = yield* startAgent({ ...gateway, bus: { ...bus, subscribe } })
    const numbers = [1, 2, 3, 4, 5, 6]
    const all = [pairOf(900_001), ...numbers.map((n) => sendOf(n))]
    for (const one of all) yield* gateway.issue(one)
    yield* pass(60)
    yield* until("all are sent", () => numbers.every((n) => gateway.claims(n)[0] === "sent"))
    assert.deepStrictEqual(numbersOf(sent), numbers)
  })
)
