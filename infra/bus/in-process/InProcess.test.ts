import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { AgentId } from "#domain/Ids.ts"
import { CommandBus, type Incoming, type Lane, type Outgoing } from "#domain/ports/CommandBus.ts"
import { commandBusContract } from "../contract.ts"
import * as InProcess from "./InProcess.ts"

commandBusContract("in process", InProcess.layer)

const lane: Lane = { kind: "commands", agent: AgentId.make("home") }
const envelope = (id: string): Outgoing => ({ id, bytes: new TextEncoder().encode(id) })
const textOf = ({ bytes }: Incoming) => new TextDecoder().decode(bytes)

describe("the bus of one process", () => {
  it.effect("has custody when the receiver has acknowledged all of it", () =>
    Effect.gen(function* () {
      const bus = yield* CommandBus
      const publisher = yield* Effect.forkChild(bus.publish(lane, [envelope("a"), envelope("b")]), {
        startImmediately: true
      })
      const [a, b] = yield* Stream.runCollect(Stream.take(bus.subscribe(lane), 2))
      assert.isUndefined(publisher.pollUnsafe())
      yield* b!.acknowledge
      yield* Effect.yieldNow
      assert.isUndefined(publisher.pollUnsafe())
      yield* a!.acknowledge
      yield* Fiber.join(publisher)
    }).pipe(Effect.provide(InProcess.layer))
  )

  it.effect("keeps what was published though the publisher has gone", () =>
    Effect.gen(function* () {
      const bus = yield* CommandBus
      const publisher = yield* Effect.forkChild(bus.publish(lane, [envelope("a")]), { startImmediately: true })
      yield* Fiber.interrupt(publisher)
      assert.deepStrictEqual((yield* Stream.runCollect(Stream.take(bus.subscribe(lane), 1))).map(textOf), ["a"])
    }).pipe(Effect.provide(InProcess.layer))
  )

  it.effect("counts an acknowledgement that comes after the subscription has ended", () =>
    Effect.gen(function* () {
      const bus = yield* CommandBus
      const publisher = yield* Effect.forkChild(bus.publish(lane, [envelope("a")]), { startImmediately: true })
      const [late] = yield* Stream.runCollect(Stream.take(bus.subscribe(lane), 1))
      const [again] = yield* Stream.runCollect(Stream.take(bus.subscribe(lane), 1))
      assert.strictEqual(textOf(again!), "a")
      yield* late!.acknowledge
      yield* Fiber.join(publisher)
    }).pipe(Effect.provide(InProcess.layer))
  )

  it.effect("remembers a bounded number of ids", () =>
    Effect.gen(function* () {
      const bus = yield* CommandBus
      const heard: Array<string> = []
      const receiver = yield* bus.subscribe(lane).pipe(
        Stream.runForEach((one) => {
          heard.push(textOf(one))
          return one.acknowledge
        }),
        Effect.forkChild({ startImmediately: true })
      )
      for (let i = 0; i <= 4_096; i++) yield* bus.publish(lane, [envelope(String(i))])
      yield* bus.publish(lane, [envelope("1")])
      assert.strictEqual(heard.length, 4_097)
      yield* bus.publish(lane, [envelope("0")])
      assert.deepStrictEqual(heard.slice(4_097), ["0"])
      yield* Fiber.interrupt(receiver)
    }).pipe(Effect.provide(InProcess.layer))
  )

  it.effect("hands over as many as may be unacknowledged, in order, and no more", () =>
    Effect.gen(function* () {
      const bus = yield* CommandBus
      const count = 3 * InProcess.mostUnacknowledged
      const ids = Array.from({ length: count }, (_, i) => String(i))
      for (const id of ids) yield* Effect.forkChild(bus.publish(lane, [envelope(id)]), { startImmediately: true })
      const seen: Array<Incoming> = []
      yield* bus.subscribe(lane).pipe(
        Stream.runForEach((one) => Effect.sync(() => seen.push(one))),
        Effect.forkChild({ startImmediately: true })
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual(seen.length, InProcess.mostUnacknowledged)
      for (let acknowledged = 0; acknowledged < count; acknowledged++) {
        if (seen[acknowledged] === undefined) yield* TestClock.adjust("1 second")
        assert.isAtMost(seen.length - acknowledged, InProcess.mostUnacknowledged)
        yield* seen[acknowledged]!.acknowledge
      }
      assert.deepStrictEqual(seen.map(textOf), ids)
    }).pipe(Effect.provide(InProcess.layer))
  )
})
