import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import type { DeviceId } from "#domain/Ids.ts"
import { WhatsApp } from "#domain/ports/WhatsApp.ts"
import { newEntry } from "#infra/ledger/contract/Fixtures.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { GatewayClock, layer as gatewayClock } from "../link/GatewayClock.ts"
import { Trust } from "../link/Trust.ts"
import { device, otherDevice, trust } from "../testing/AgentFixture.ts"
import { until } from "../testing/Turns.ts"
import * as Gate from "./Gate.ts"
import { Sender } from "./Sender.ts"

const entry = newEntry("store:1", { device })

/** Both gates over the gateway's clock, before a sender that says what it is told. */
const scene = Effect.gen(function* () {
  const whatsapp = AcknowledgesAtOnce.make({ keep: 10 })
  const told: Array<string> = []
  const say = (what: string, of = "") => void told.push(`${what} ${of.at(-1) ?? ""}`.trim())
  const sender = Layer.succeed(Sender, {
    accept: (entries) =>
      Effect.sync(() => {
        say("accept")
        return entries.map(() => "accepted" as const)
      }),
    connected: (of) => Effect.sync(() => say("connected", of)),
    disconnected: (of) => say("disconnected", of),
    unlinked: (of) => Effect.sync(() => say("unlinked", of)),
    linking: (of) => say("linking", of),
    heard: ({ waMessageId }) => Effect.sync(() => say("heard", waMessageId)),
    drain: Effect.sync(() => say("drain"))
  })
  const services = yield* Layer.build(
    Layer.merge(Layer.provide(Gate.sender, sender), Layer.provide(Gate.whatsApp, whatsapp.layer)).pipe(
      Layer.provideMerge(gatewayClock),
      Layer.provide(Layer.succeed(Trust, { ...trust, protocol: 2 }))
    )
  )
  const clock = Context.get(services, GatewayClock)
  return {
    gate: Context.get(services, Sender),
    whatsApp: Context.get(services, WhatsApp),
    sent: whatsapp.sent,
    told,
    hears: (...what: ReadonlyArray<string>) =>
      Effect.andThen(
        until(what.join(", "), () => told.length >= what.length),
        Effect.sync(() => assert.deepStrictEqual(told.splice(0), [...what]))
      ),
    /** The gateway says what time it is. */
    learn: Effect.gen(function* () {
      clock.asked("question")
      yield* clock.answered("question", yield* Clock.currentTimeMillis)
    }),
    /** Found out by whoever looks next. */
    sleep: TestClock.adjust("1 minute")
  }
})
const sentNothing = () => Effect.succeed(undefined)
const timeUnknown = { _tag: "NotSent", reason: "time_unknown", final: false } as const

describe("while the gateway's time is unknown", () => {
  it.effect("nothing leaves, and all but that goes on", () =>
    Effect.gen(function* () {
      const { learn, sent, sleep, whatsApp } = yield* scene
      yield* whatsApp.open(device, { sent: sentNothing })
      assert.deepStrictEqual(yield* whatsApp.send(device, entry), timeUnknown)
      assert.deepStrictEqual(sent, [])
      yield* learn
      assert.strictEqual((yield* whatsApp.send(device, entry))._tag, "Acked")
      yield* sleep
      assert.deepStrictEqual(yield* whatsApp.send(device, entry), timeUnknown)
      assert.lengthOf(sent, 1)
    })
  )

  it.effect("the time is asked for when a message would leave, not when the try was made", () =>
    Effect.gen(function* () {
      const { learn, sent, sleep, whatsApp } = yield* scene
      yield* whatsApp.open(device, { sent: sentNothing })
      yield* learn
      const trying = whatsApp.send(device, entry)
      yield* sleep
      assert.deepStrictEqual(yield* trying, timeUnknown)
      assert.deepStrictEqual(sent, [])
    })
  )

  it.effect("no device is connected to the sender; then all are that still are", () =>
    Effect.gen(function* () {
      const { gate, hears, learn, told } = yield* scene
      for (const one of [device, otherDevice]) yield* gate.connected(one)
      assert.deepStrictEqual(told, [])
      gate.disconnected(device)
      yield* hears("disconnected 1")
      yield* learn
      yield* hears("connected 2")
      yield* gate.connected(device)
      yield* hears("connected 1")
    })
  )

  it.effect("those that were connected are not any more, before what comes is accepted", () =>
    Effect.gen(function* () {
      const { gate, hears, learn, sleep } = yield* scene
      yield* learn
      for (const one of [device, otherDevice] satisfies ReadonlyArray<DeviceId>) yield* gate.connected(one)
      yield* hears("connected 1", "connected 2")
      yield* sleep
      assert.deepStrictEqual(yield* gate.accept([entry]), ["accepted"])
      yield* hears("disconnected 1", "disconnected 2", "accept")
      yield* learn
      yield* hears("connected 1", "connected 2")
    })
  )

  it.effect("what WhatsApp says is heard, and a stop is a stop", () =>
    Effect.gen(function* () {
      const { gate, hears } = yield* scene
      const of = { device, waMessageId: "3EB0000000000000000007" }
      yield* gate.heard(of, { claim: "sent", at: entry.acceptedAt })
      yield* gate.drain
      yield* hears("heard 7", "drain")
    })
  )
})
