import { assert, it } from "@effect/vitest"
import { Array, Effect, Fiber, type Layer, Stream } from "effect"
import { AgentId } from "#domain/Ids.ts"
import { CommandBus, type Incoming, type Lane, type Outgoing } from "#domain/ports/CommandBus.ts"
import { maxEnvelopeBytes } from "#domain/wire/Envelope.ts"

type Bus = CommandBus["Service"]

/** A lane nobody else uses: the bus is shared by the tests. */
const freshLane = (kind: Lane["kind"] = "commands"): Lane => ({
  kind,
  agent: AgentId.make(`a${crypto.randomUUID().replaceAll("-", "").slice(0, 20)}`)
})
const freshId = () => crypto.randomUUID()
const envelope = (text: string, id = freshId()): Outgoing => ({ id, bytes: new TextEncoder().encode(text) })
const textOf = ({ bytes }: Incoming) => new TextDecoder().decode(bytes)

/** Publishing ends when the bus has custody, for which some buses wait until somebody has acknowledged. */
const publish = (bus: Bus, lane: Lane, ...texts: Array.NonEmptyArray<string | Outgoing>) =>
  Effect.forkChild(
    bus.publish(
      lane,
      Array.map(texts, (one) => (typeof one === "string" ? envelope(one) : one))
    ),
    { startImmediately: true }
  )

/** The next `count` envelopes, in the arrays in which they come; those that `keep` says no to are acknowledged. */
const receive = Effect.fnUntraced(function* (
  bus: Bus,
  lane: Lane,
  count: number,
  keep: (text: string) => boolean = () => false
) {
  const arrays: globalThis.Array<ReadonlyArray<string>> = []
  yield* bus.subscribe(lane).pipe(
    Stream.take(count),
    Stream.runForEachArray((incoming) => {
      arrays.push(incoming.map(textOf))
      return Effect.forEach(incoming, (one) => (keep(textOf(one)) ? Effect.void : one.acknowledge), { discard: true })
    })
  )
  return arrays
})
const texts = (...of: Parameters<typeof receive>) => Effect.map(receive(...of), (arrays) => arrays.flat())

/** The behaviour every CommandBus adapter owes its callers. Run it against each layer; add no adapter options. */
export const commandBusContract = <E>(adapter: string, layer: Layer.Layer<CommandBus, E>) =>
  it.layer(layer, { excludeTestServices: true })(`CommandBus contract: ${adapter}`, (it) => {
    it.effect("delivers in order, live, and publishing ends", () =>
      Effect.gen(function* () {
        const bus = yield* CommandBus
        const lane = freshLane()
        const receiver = yield* Effect.forkChild(texts(bus, lane, 100), { startImmediately: true })
        const numbers = Array.makeBy(100, String)
        for (const number of numbers) yield* Fiber.join(yield* publish(bus, lane, number))
        assert.deepStrictEqual(yield* Fiber.join(receiver), numbers)
      })
    )

    it.effect("delivers what was published together as one array", () =>
      Effect.gen(function* () {
        const bus = yield* CommandBus
        const lane = freshLane()
        const receiver = yield* Effect.forkChild(receive(bus, lane, 306), { startImmediately: true })
        const many = Array.makeBy(300, (i) => `many ${i}`)
        for (const together of [["a"], ["b", "c", "d"], many, ["e", "f"]]) {
          yield* Fiber.join(yield* publish(bus, lane, ...(together as Array.NonEmptyArray<string>)))
        }
        assert.deepStrictEqual(yield* Fiber.join(receiver), [["a"], ["b", "c", "d"], many, ["e", "f"]])
      })
    )

    it.effect("keeps what is published before anyone subscribes", () =>
      Effect.gen(function* () {
        const bus = yield* CommandBus
        const lane = freshLane()
        const publishers = [yield* publish(bus, lane, "1", "2"), yield* publish(bus, lane, "3")]
        assert.deepStrictEqual((yield* texts(bus, lane, 3)).toSorted(), ["1", "2", "3"])
        for (const publisher of publishers) yield* Fiber.join(publisher)
      })
    )

    it.effect("has custody: what was published and not acknowledged comes again, and nothing else", () =>
      Effect.gen(function* () {
        const bus = yield* CommandBus
        const lane = freshLane()
        const publisher = yield* publish(bus, lane, "a", "b", "c", "d")
        const first = yield* texts(bus, lane, 4, (text) => text !== "b")
        assert.deepStrictEqual(first, ["a", "b", "c", "d"])
        const second = yield* texts(bus, lane, 3, (text) => text === "d")
        assert.deepStrictEqual(second.toSorted(), ["a", "c", "d"]) // what comes again may come in another order
        yield* publish(bus, lane, "e")
        assert.deepStrictEqual((yield* texts(bus, lane, 2)).toSorted(), ["d", "e"])
        yield* Fiber.join(publisher)
      })
    )

    it.effect("drops a second envelope with the same id, whether the first was acknowledged or not", () =>
      Effect.gen(function* () {
        const bus = yield* CommandBus
        const lane = freshLane()
        const [one, two] = [freshId(), freshId()]
        const publishers = [
          yield* publish(bus, lane, envelope("1", one), envelope("2", two)),
          yield* publish(bus, lane, envelope("1 again", one)),
          yield* publish(bus, lane, envelope("2 again", two), envelope("3"), envelope("2 once more", two))
        ]
        assert.deepStrictEqual((yield* texts(bus, lane, 3)).toSorted(), ["1", "2", "3"])
        for (const publisher of publishers) yield* Fiber.join(publisher)
        yield* Fiber.join(yield* publish(bus, lane, envelope("1, acknowledged long ago", one)))
        yield* publish(bus, lane, "4")
        assert.deepStrictEqual(yield* texts(bus, lane, 1), ["4"])
      })
    )

    it.effect("drops a second envelope with the same id while the first is being worked on", () =>
      Effect.gen(function* () {
        const bus = yield* CommandBus
        const lane = freshLane()
        const receiver = yield* Effect.forkChild(Stream.runCollect(Stream.take(bus.subscribe(lane), 2)), {
          startImmediately: true
        })
        const id = freshId()
        yield* publish(bus, lane, envelope("1", id))
        yield* publish(bus, lane, envelope("1 again", id))
        yield* publish(bus, lane, "2")
        const received = yield* Fiber.join(receiver)
        assert.deepStrictEqual(received.map(textOf).toSorted(), ["1", "2"])
        for (const one of received) yield* one.acknowledge
      })
    )

    it.effect("keeps lanes apart, also the ids on them", () =>
      Effect.gen(function* () {
        const bus = yield* CommandBus
        const commands = freshLane()
        const reports: Lane = { kind: "reports", agent: commands.agent }
        const others = freshLane()
        const id = freshId()
        const publishers = [
          yield* publish(bus, commands, envelope("to the agent", id)),
          yield* publish(bus, reports, envelope("from the agent", id)),
          yield* publish(bus, others, envelope("to another", id))
        ]
        assert.deepStrictEqual(yield* texts(bus, reports, 1), ["from the agent"])
        assert.deepStrictEqual(yield* texts(bus, others, 1), ["to another"])
        assert.deepStrictEqual(yield* texts(bus, commands, 1), ["to the agent"])
        for (const publisher of publishers) yield* Fiber.join(publisher)
      })
    )

    it.effect("loses and repeats nothing of many publishers, and keeps each one's order", () =>
      Effect.gen(function* () {
        const bus = yield* CommandBus
        const lane = freshLane()
        const [writers, each] = [20, 25]
        const receiver = yield* Effect.forkChild(texts(bus, lane, writers * each), { startImmediately: true })
        yield* Effect.forEach(
          Array.range(1, writers),
          (writer) =>
            Effect.forEach(Array.range(1, each), (i) => bus.publish(lane, [envelope(`${writer} ${i}`)]), {
              discard: true
            }),
          { concurrency: "unbounded", discard: true }
        )
        const received = yield* Fiber.join(receiver)
        assert.strictEqual(new Set(received).size, writers * each)
        for (const writer of Array.range(1, writers)) {
          assert.deepStrictEqual(
            received.filter((text) => text.startsWith(`${writer} `)),
            Array.range(1, each).map((i) => `${writer} ${i}`)
          )
        }
      })
    )

    it.effect("carries any bytes, up to the largest envelope", () =>
      Effect.gen(function* () {
        const bus = yield* CommandBus
        const lane = freshLane("reports")
        const large = new Uint8Array(maxEnvelopeBytes).map((_, i) => (i * 31) & 0xff)
        const sent = [new Uint8Array(0), Uint8Array.from(Array.range(0, 255)), large]
        const publisher = yield* Effect.forkChild(
          bus.publish(lane, [
            { id: freshId(), bytes: sent[0]! },
            { id: freshId(), bytes: sent[1]! },
            { id: freshId(), bytes: large }
          ]),
          { startImmediately: true }
        )
        const received = yield* bus.subscribe(lane).pipe(
          Stream.take(3),
          Stream.mapEffect((one) => Effect.as(one.acknowledge, new Uint8Array(one.bytes))),
          Stream.runCollect
        )
        for (const [i, bytes] of sent.entries()) assert.strictEqual(received[i]!.toBase64(), bytes.toBase64())
        yield* Fiber.join(publisher)
      })
    )

    it.effect("takes an acknowledgement twice for one", () =>
      Effect.gen(function* () {
        const bus = yield* CommandBus
        const lane = freshLane()
        const publisher = yield* publish(bus, lane, "once", "more")
        const [first] = yield* Stream.runCollect(Stream.take(bus.subscribe(lane), 1))
        yield* first!.acknowledge
        yield* first!.acknowledge
        assert.deepStrictEqual(yield* texts(bus, lane, 1), ["more"])
        yield* Fiber.join(publisher)
      })
    )
  })
