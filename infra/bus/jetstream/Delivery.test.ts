import { rmSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Array, Effect, Metric, Redacted, Schedule, Stream } from "effect"
import type { Incoming, Lane } from "#domain/ports/CommandBus.ts"
import { describeWith } from "../../../test/servers/Installed.ts"
import { deadLettersTotal } from "./DeadLetters.ts"
import { inboxOf } from "./Names.ts"
import { administrator, home as agent, as, busOf, custodian, keys } from "./testing/CustodyFixture.ts"
import { envelope, impatient, oneEnd, receiver, until } from "./testing/JetStreamFixture.ts"

const commands: Lane = { kind: "commands", agent }
/** Far beyond what is done at once, on whatever machine. */
const late = { ...impatient, ackWait: 20_000 }
const seeds = { gateway: Redacted.make(keys.gateway.seed), home: Redacted.make(keys.home.seed) }
const textOf = ({ bytes }: Incoming) => new TextDecoder().decode(bytes)

describeWith("nats-server", "JetStream delivery", () => {
  it.live("gives back at once, every time, what a subscriber leaves unacknowledged", () =>
    Effect.gen(function* () {
      const { url } = yield* custodian()
      const bus = yield* busOf(url, agent, late)
      for (const round of Array.range(1, 15)) {
        const texts = Array.map(Array.make("a", "b", "c", "d"), (name) => `${name}${round}`)
        yield* bus.publish(commands, Array.map(texts, envelope))
        const [, second] = yield* Stream.runCollect(Stream.take(bus.subscribe(commands), 4))
        yield* second!.acknowledge
        const begun = performance.now()
        const again = yield* Stream.runCollect(Stream.take(bus.subscribe(commands), 3))
        assert.deepStrictEqual(again.map(textOf).toSorted(), [texts[0], texts[2], texts[3]])
        assert.isBelow(performance.now() - begun, late.ackWait)
        for (const one of again) yield* one.acknowledge
      }
    })
  )

  it.live("gives nothing to an agent that is gone without a word", () =>
    Effect.gen(function* () {
      const { url } = yield* custodian()
      const bus = yield* busOf(url, agent, late)
      yield* bus.publish(commands, [envelope("1")])
      const [first] = yield* Stream.runCollect(Stream.take(bus.subscribe(commands), 1))
      yield* first!.acknowledge
      const gone = yield* as(url, keys.home, inboxOf({ agent }))
      const reply = gone.subscribe(`${inboxOf({ agent })}.pull`).getSubject()
      gone.publish("$JS.API.CONSUMER.MSG.NEXT.CMD_home.agent", JSON.stringify({ batch: 10, expires: 30e9 }), { reply })
      yield* Effect.promise(() => gone.flush())
      const { jsm } = yield* administrator(url)
      const waiting = Effect.promise(() => jsm.consumers.info("CMD_home", "agent"))
      yield* until(() => Effect.runPromise(Effect.map(waiting, ({ num_waiting }) => num_waiting === 1)))
      yield* Effect.promise(() => gone.close()) // nothing is unsubscribed; the server takes note in its own time
      yield* until(() => Effect.runPromise(Effect.map(waiting, ({ num_waiting }) => num_waiting === 0)))
      yield* bus.publish(commands, [envelope("2")])
      const begun = performance.now()
      const [command] = yield* Stream.runCollect(Stream.take(bus.subscribe(commands), 1))
      assert.strictEqual(textOf(command!), "2")
      assert.isBelow(performance.now() - begun, late.ackWait)
    })
  )

  it.live("delivers again, to the same subscriber, what it does not acknowledge", () =>
    Effect.gen(function* () {
      const { url } = yield* custodian()
      const bus = yield* busOf(url, agent, { ...impatient, ackWait: 1_500 })
      let refused = 0
      const { heard } = yield* receiver(bus, commands, (text) => text === "later" && refused++ < 2)
      yield* bus.publish(commands, [envelope("later"), envelope("now")])
      yield* until(() => heard.length === 4)
      assert.deepStrictEqual(heard, ["later", "now", "later", "later"])
    })
  )

  it.live("makes a dead letter of what is never acknowledged: counted, kept, and in nobody's way", () =>
    Effect.gen(function* () {
      const { url } = yield* custodian()
      const { jsm } = yield* administrator(url)
      const bus = yield* busOf(url, agent, { ...impatient, ackWait: 1_000, maxDeliveries: 3 })
      const before = (yield* Metric.value(deadLettersTotal)).count
      const { heard } = yield* receiver(bus, commands, (text) => text === "poison")
      yield* bus.publish(commands, [envelope("poison"), envelope("1")])
      yield* until(async () => (await jsm.streams.info("DEAD")).state.messages === 1)
      yield* bus.publish(commands, [envelope("2")])
      yield* until(() => heard.includes("2"))
      assert.deepStrictEqual(heard, ["poison", "1", "poison", "poison", "2"])
      const total = Effect.map(Metric.value(deadLettersTotal), ({ count }) => count)
      yield* until(() => Effect.runSync(total) === before + 1)
      const { seq } = yield* Effect.promise(() => jsm.streams.getMessage("CMD_home", { seq: 1 }))
      assert.strictEqual(seq, 1)
    })
  )

  it.live("keeps the order of a lane, many batches at a time", () =>
    Effect.gen(function* () {
      const { url } = yield* custodian()
      const bus = yield* busOf(url)
      const home = yield* receiver(bus, commands)
      const numbers = Array.makeBy(2_600, String)
      for (const batch of Array.chunksOf(numbers, 130)) {
        yield* bus.publish(commands, Array.map(batch as Array.NonEmptyArray<string>, envelope))
      }
      yield* home.hears(numbers.length)
      assert.deepStrictEqual(home.heard, numbers)
    })
  )

  it.live("refuses what is new when a stream is full, and has room again when it is acknowledged", () =>
    Effect.gen(function* () {
      const { url } = yield* custodian()
      const tuning = { ...impatient, maxBytes: 200_000, patience: 1_500 }
      const bus = yield* busOf(url, agent, tuning)
      const large = (id: string) => ({ id, bytes: new Uint8Array(30_000) })
      const publish = (from: number) =>
        Effect.forEach(Array.range(from, from + 19), (i) => bus.publish(commands, [large(String(i))]), {
          discard: true
        })
      assert.strictEqual((yield* Effect.flip(publish(0)))._tag, "BusUnavailable")
      yield* receiver(bus, commands)
      yield* Effect.retry(publish(100), { schedule: Schedule.spaced("20 millis") })
    })
  )

  it.live("makes a consumer anew that stands ahead of its stream", () =>
    Effect.gen(function* () {
      const server = yield* custodian()
      const bus = yield* busOf(server.url)
      const { jsm } = yield* administrator(server.url)
      const home = yield* receiver(bus, commands)
      yield* bus.publish(commands, Array.map(Array.make("1", "2", "3", "4", "5"), envelope))
      yield* until(async () => (await jsm.consumers.info("CMD_home", "agent")).ack_floor.stream_seq === 5)
      yield* server.kill("SIGTERM") // writes what its consumers know
      // as a power loss may leave it: what the stream wrote is gone, what its consumer wrote is not
      rmSync(join(server.directory, "jetstream/jetstream/HOMING/streams/CMD_home/msgs"), { recursive: true })
      yield* server.restart
      // as many as it had: whoever looks only afterwards sees nothing odd
      yield* bus.publish(commands, Array.map(Array.make("6", "7", "8", "9", "10", "11"), envelope))
      yield* home.hears(11)
    })
  )

  it.live("brings a stream and a consumer to the configuration it wants", () =>
    Effect.gen(function* () {
      const { url } = yield* custodian()
      const { jsm } = yield* administrator(url)
      yield* Effect.promise(async () => {
        await jsm.streams.add({ name: "CMD_home", subjects: ["homing.commands.home"], max_msgs: -1 })
        await jsm.consumers.add("CMD_home", { durable_name: "agent", ack_policy: "explicit" as never, max_deliver: 2 })
      })
      const bus = yield* busOf(url)
      yield* bus.publish(commands, [envelope("1")])
      const { config } = yield* Effect.promise(() => jsm.streams.info("CMD_home"))
      assert.strictEqual(config.max_age, 9 * 86_400e9)
      assert.strictEqual(config.discard, "new")
      const consumer = yield* Effect.promise(() => jsm.consumers.info("CMD_home", "agent"))
      assert.strictEqual(consumer.config.max_deliver, 20)
      assert.strictEqual(consumer.config.max_ack_pending, 2_048)
    })
  )

  it.live("an agent makes nothing: it waits until its gateway has", () =>
    Effect.gen(function* () {
      const { url } = yield* custodian()
      const { jsm } = yield* administrator(url)
      const home = yield* oneEnd({
        url,
        role: "agent",
        agent,
        nkeySeed: seeds.home,
        tuning: { ...impatient, patience: 1_000 }
      })
      const { hears } = yield* receiver(home, commands)
      const report = home.publish({ kind: "reports", agent }, [envelope("report")])
      assert.strictEqual((yield* Effect.flip(report))._tag, "BusUnavailable")
      assert.deepStrictEqual(yield* Effect.promise(() => jsm.streams.names().next()), [])
      const gateway = yield* oneEnd({ url, role: "gateway", nkeySeed: seeds.gateway, tuning: impatient })
      yield* gateway.publish(commands, [envelope("command")])
      yield* hears(1)
      yield* report
    })
  )

  it.live("is built without a server, says so, and speaks as soon as there is one", () =>
    Effect.gen(function* () {
      const server = yield* custodian()
      yield* server.kill()
      const tuning = { ...impatient, patience: 300 }
      const bus = yield* oneEnd({ url: server.url, role: "gateway", nkeySeed: seeds.gateway, tuning })
      assert.include(bus.describe(), "not reached yet")
      assert.strictEqual((yield* Effect.flip(bus.publish(commands, [envelope("1")])))._tag, "BusUnavailable")
      yield* server.restart
      yield* Effect.retry(bus.publish(commands, [envelope("1")]), { schedule: Schedule.spaced("20 millis") })
      assert.match(bus.describe(), /^JetStream 2\.\d+\.\d+: .* every 2 minutes/)
    })
  )

  it.live("does not speak in the clear when it is told tls", () =>
    Effect.gen(function* () {
      const { url } = yield* custodian()
      const tuning = { ...impatient, patience: 500 }
      const bus = yield* oneEnd({ url: url.replace("nats:", "tls:"), role: "gateway", nkeySeed: seeds.gateway, tuning })
      assert.strictEqual((yield* Effect.flip(bus.publish(commands, [envelope("1")])))._tag, "BusUnavailable")
    })
  )
})
