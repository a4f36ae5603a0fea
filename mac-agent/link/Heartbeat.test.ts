import { assert, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { encodePayload } from "#domain/testing/EnvelopeFixture.ts"
import { encodeUnsigned } from "#domain/wire/Envelope.ts"
import { SpokenVersions } from "#domain/wire/Versions.ts"
import {
  connect,
  device,
  type Gateway,
  headerOf,
  makeGateway,
  numbersOf,
  pairOf,
  sendOf,
  start,
  startAgent
} from "../testing/AgentFixture.ts"
import { pass, until } from "../testing/Turns.ts"

const hour = 3_600_000
let answers = 700_000

/** The gateway's answer to the last heartbeat, by a clock that is `ahead` of the agent's. */
const answer = (gateway: Gateway, ahead = 0) =>
  Effect.gen(function* () {
    const asked = EventId.make(gateway.beats.at(-1)!.header.commandId)
    const at = fromMillis((yield* Clock.currentTimeMillis) + ahead)
    const over = { direction: "homing/command/2", device: "-", subject: "-", position: "0" }
    yield* gateway.issue(
      encodeUnsigned({
        header: headerOf(++answers, over),
        payload: encodePayload({ kind: "heartbeat", asked, at, protocol: 2 })
      })
    )
  })
const version2 = (n: number, header = {}) => sendOf(n, { header: { direction: "homing/command/2", ...header } })
/** Time goes on until it asks again. */
const asks = (gateway: Gateway) =>
  Effect.suspend(() => {
    const before = gateway.beats.length
    return Effect.repeat(pass(1), { until: () => gateway.beats.length > before, times: 60 })
  })

/** The machine's clock: the test's, but for what it is off. */
const machine = Effect.map(Clock.Clock, (test) => {
  const state = { off: 0 }
  const millis = () => test.currentTimeMillisUnsafe() + state.off
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: () => BigInt(millis()) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => BigInt(millis()) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => test.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: test.monotonicTimeNanos,
    sleep: (duration) => test.sleep(duration)
  }
  return { provide: Effect.provideService(Clock.Clock, clock), set: (off: number) => Object.assign(state, { off }) }
})

it.effect("nothing is attempted before the gateway told its time, after a start and after a jump of the clock", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { provide, set } = yield* machine
    const { sent } = yield* provide(startAgent(gateway, { protocol: 2 }))
    yield* until("it asks for the time", () => gateway.beats.length === 1)
    yield* connect(gateway, device)
    yield* gateway.issue(version2(1))
    yield* pass(10)
    assert.deepStrictEqual([numbersOf(sent), gateway.claims(1)], [[], []])
    yield* asks(gateway)
    yield* answer(gateway)
    yield* until("it is sent", () => gateway.claims(1)[0] === "sent")

    set(hour)
    yield* gateway.issue(version2(2))
    yield* asks(gateway)
    assert.deepStrictEqual([numbersOf(sent), gateway.claims(2)], [[1], []])
    yield* answer(gateway)
    yield* until("the next is sent", () => gateway.claims(2)[0] === "sent")
    assert.deepStrictEqual(numbersOf(sent), [1, 2])
  })
)

it.effect("the gateway's clock decides what has expired, whatever the machine's own says", () =>
  Effect.gen(function* () {
    for (const [off, claim] of [
      [-48 * hour, "expired"],
      [48 * hour, "sent"]
    ] as const) {
      const gateway = yield* makeGateway
      const { provide, set } = yield* machine
      set(off)
      const { sent } = yield* provide(startAgent(gateway, { protocol: 2 }))
      yield* connect(gateway, device)
      const expiresAt = fromMillis(start + (off < 0 ? -1 : hour))
      yield* gateway.issue(version2(1, { expiresAt }))
      yield* pass(5)
      assert.deepStrictEqual(gateway.claims(1), [])
      yield* asks(gateway)
      yield* answer(gateway)
      yield* pass(3)
      yield* until("there is a verdict", () => gateway.claims(1).length > 0)
      assert.deepStrictEqual([gateway.claims(1), sent.length], [[claim], claim === "sent" ? 1 : 0])
      const { header } = gateway.messageReports(1)[0]!
      const now = yield* Clock.currentTimeMillis
      assert.isAtMost(Math.abs(Date.parse(header.issuedAt) - now), 10_000)
    }
  })
)

it.effect("asks again until it is told, less and less often, then twice a minute, and says how it is", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    yield* startAgent(gateway, { protocol: 2 })
    yield* pass(60)
    const unanswered = gateway.beats.length
    assert.isAtLeast(unanswered, 6)
    assert.isAtMost(unanswered, 8)
    const { header, report } = gateway.beats[0]!
    assert.deepStrictEqual([header.direction, header.device], ["homing/report/2", "-"])
    assert.deepStrictEqual(
      [report.protocol, report.refused, "offsetMillis" in report],
      [(yield* SpokenVersions).newest, 0, false]
    )
    yield* asks(gateway)
    yield* answer(gateway, 5 * hour)
    yield* gateway.issue(pairOf(1, { agent: "office" }))
    yield* pass(40)
    const last = gateway.beats.at(-1)!.report
    assert.deepStrictEqual([last.refused, last.offsetMillis], [1, 5 * hour])
    const before = gateway.beats.length
    yield* pass(120)
    assert.isAtMost(gateway.beats.length - before, 5)
  })
)

it.effect("tells how much it did not obey and did not believe", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { tell } = yield* startAgent(gateway, { protocol: 2 })
    yield* connect(gateway, device)
    yield* gateway.issue(pairOf(1, { agent: "office" }))
    for (const reason of ["foreign_receipt", "foreign_receipt", "late_retry"] as const) {
      yield* tell({ _tag: "Refused", device, reason })
    }
    yield* asks(gateway)
    assert.strictEqual(gateway.beats.at(-1)!.report.refused, 4)
  })
)

it.effect("beside a gateway that turns out to speak version 1 it goes on by its own clock, after half a minute", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { sent } = yield* startAgent(gateway, { protocol: 2 })
    yield* connect(gateway, device)
    yield* gateway.issue(sendOf(1))
    yield* pass(20)
    assert.deepStrictEqual(numbersOf(sent), [])
    yield* pass(15)
    yield* gateway.issue(sendOf(2, { header: { subject: "B".repeat(43) } }))
    yield* until("both are sent", () => [1, 2].every((n) => gateway.claims(n)[0] === "sent"))
    assert.isTrue(gateway.messageReports(1).every(({ header }) => header.direction === "homing/report/1"))
  })
)
