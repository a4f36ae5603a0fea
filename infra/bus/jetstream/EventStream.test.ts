import { assert, it } from "@effect/vitest"
import { Array, Effect, Fiber, Redacted } from "effect"
import { AckPolicy, type JetStreamManager, type NatsConnection, type NatsError } from "nats"
import { ConsumerId, defaultTenant } from "#domain/Ids.ts"
import { type Announcement, type EventBus, eventSubjectOf } from "#domain/ports/EventBus.ts"
import { describeWith } from "../../../test/servers/Installed.ts"
import { type NatsServer, natsServer } from "../../../test/servers/Nats.ts"
import { inboxOf } from "./Names.ts"
import { consumerPermissions } from "./Permissions.ts"
import {
  administrator,
  as,
  custodian,
  forbiddenToAgents,
  forbiddenToConsumers,
  keys
} from "./testing/CustodyFixture.ts"
import { eventsEnd, impatient } from "./testing/JetStreamFixture.ts"

const billing = ConsumerId.make("billing")
const sent = eventSubjectOf(defaultTenant, "homing.message.sent.v1")
const encoder = new TextEncoder()

const announcement = (id: string): Announcement => ({
  id,
  subject: sent,
  cursor: `at ${id}`,
  bytes: encoder.encode(id)
})
const numbered = (from: number, to: number) => Array.map(Array.range(from, to), (n) => announcement(String(n)))

const publisher = (server: NatsServer, maxBytes = 16 * 1_048_576, consumers = [billing]) =>
  eventsEnd({
    url: server.url,
    nkeySeed: Redacted.make(keys.gateway.seed),
    events: { consumers, maxBytes, keptMillis: 3_600_000 },
    tuning: impatient
  })

const scene = Effect.gen(function* () {
  const server = yield* custodian()
  const bus = yield* publisher(server)
  const { stream } = yield* bus.reached
  return { server, bus, stream, ...(yield* administrator(server.url)) }
})

const held = (bus: EventBus) => Effect.map(bus.reached, ({ cursor, sequence }) => [sequence, cursor] as const)

/** As a service does: what it was handed, each acknowledged, until `count` were. */
const read = (nc: NatsConnection, count: number, keep: (id: string) => boolean = () => false) =>
  Effect.promise(async () => {
    const consumer = await nc.jetstream().consumers.get("EVENTS", billing)
    const ids: globalThis.Array<string> = []
    for await (const message of await consumer.consume()) {
      ids.push(message.string())
      if (!keep(message.string())) await message.ackAck()
      if (ids.length === count) break
    }
    return ids
  })

const [audit, stats] = [ConsumerId.make("audit"), ConsumerId.make("stats")]

describeWith("nats-server", "the stream of events", () => {
  it.live("is published, and has its other consumers, while one of them cannot be what it should", () =>
    Effect.gen(function* () {
      const { jsm, server } = yield* scene
      const odd = { durable_name: audit, ack_policy: AckPolicy.All }
      yield* Effect.promise(() => jsm.consumers.add("EVENTS", odd))
      const bus = yield* publisher(server, undefined, [audit, stats])
      const { sequence } = yield* bus.reached
      yield* bus.publish(sequence, numbered(1, 3))
      const made = yield* Effect.promise(() => jsm.consumers.info("EVENTS", stats))
      assert.strictEqual(made.name, stats)
    })
  )

  it.live("takes an event behind its last one alone, whoever publishes", () =>
    Effect.gen(function* () {
      const { bus, jsm, server } = yield* scene
      assert.deepStrictEqual(yield* held(bus), [0, undefined])
      assert.strictEqual(yield* bus.publish(0, numbered(1, 300)), 300)
      const other = yield* publisher(server)
      assert.deepStrictEqual(yield* held(other), [300, "at 300"])
      assert.strictEqual(yield* other.publish(300, numbered(301, 303)), 303)
      for (const after of [0, 300, 304]) {
        const failed = yield* Effect.flip(bus.publish(after, numbered(401, 403)))
        assert.match(String(failed.cause), /wrong last sequence: 303/)
      }
      assert.strictEqual(yield* bus.publish(303, numbered(302, 305)), 305)
      const { state } = yield* Effect.promise(() => jsm.streams.info("EVENTS"))
      assert.deepStrictEqual([state.messages, yield* held(bus)], [305, [305, "at 305"]])
    })
  )

  it.live("lets the oldest go when it is full, and goes on", () =>
    Effect.gen(function* () {
      const server = yield* custodian()
      const bus = yield* publisher(server, 65_536)
      assert.deepStrictEqual(yield* held(bus), [0, undefined])
      yield* bus.publish(0, numbered(1, 1_000))
      const { jsm } = yield* administrator(server.url)
      const { state } = yield* Effect.promise(() => jsm.streams.info("EVENTS"))
      assert.isAbove(state.first_seq, 1)
      assert.deepStrictEqual([state.last_seq, yield* held(bus)], [1_000, [1_000, "at 1000"]])
    })
  )

  it.live("says how far it came when it was emptied, and is another one when it was made anew", () =>
    Effect.gen(function* () {
      const { bus, jsm, stream } = yield* scene
      yield* bus.publish(0, numbered(1, 3))
      yield* Effect.promise(() => jsm.streams.purge("EVENTS"))
      assert.deepInclude(yield* bus.reached, { stream, sequence: 3, cursor: undefined })
      const watching = yield* Effect.forkChild(Effect.flip(bus.watch(stream)), { startImmediately: true })
      yield* Effect.promise(() => jsm.streams.delete("EVENTS"))
      yield* Fiber.join(watching)
      const after = yield* bus.reached
      assert.deepStrictEqual([after.sequence, after.stream === stream], [0, false])
      yield* Effect.promise(() => jsm.consumers.info("EVENTS", billing))
    })
  )

  it.live("stays what it was when the server is killed, and whoever watches it is told", () =>
    Effect.gen(function* () {
      const { bus, server, stream } = yield* scene
      yield* bus.publish(0, numbered(1, 50))
      const watching = yield* Effect.forkChild(Effect.flip(bus.watch(stream)), { startImmediately: true })
      yield* server.kill()
      yield* Fiber.join(watching)
      yield* server.restart
      assert.deepInclude(yield* bus.reached, { stream, sequence: 50, cursor: "at 50" })
    })
  )

  it.live(
    "keeps an event of as many bytes as it says, by the server's limit or by its own size, and no longer one",
    () =>
      Effect.gen(function* () {
        const small = yield* natsServer({ config: "max_payload: 65536" })
        for (const maxBytes of [16 * 1_048_576, 32_768]) {
          const bus = yield* publisher(small, maxBytes)
          const { mostBytes, sequence } = yield* bus.reached
          assert.isAbove(mostBytes, 0.9 * Math.min(65_536, maxBytes))
          const ofLength = (length: number) => ({ ...announcement(`of ${length}`), bytes: new Uint8Array(length) })
          yield* bus.publish(sequence, [ofLength(mostBytes)])
          assert.deepStrictEqual(yield* held(bus), [sequence + 1, `at of ${mostBytes}`])
          const more = mostBytes + 1_024
          yield* Effect.exit(bus.publish(sequence + 1, [ofLength(more)]))
          assert.notStrictEqual((yield* bus.reached).cursor, `at of ${more}`)
        }
      })
  )

  it.live("is refused by name where there is no room for it", () =>
    Effect.gen(function* () {
      const { server } = yield* scene
      const bus = yield* publisher(server, 1_099_511_627_776)
      const failed = yield* Effect.flip(bus.reached)
      assert.match(String(failed.cause), /EVENTS needs 1048576 MiB: raise max_file_store/)
    })
  )
})

const contents = (jsm: JetStreamManager) =>
  Effect.promise(async () => {
    const streams = await jsm.streams.list().next()
    return streams.map(({ config: { name }, state }) => [name, state.first_seq, state.last_seq])
  })

/** `refused`, or what else came of it. */
const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => "done",
    ({ code }: NatsError) => (code === "PERMISSIONS_VIOLATION" ? "refused" : code)
  )

describeWith("nats-server", "a service that reads events", () => {
  it.live("is handed each in order, the next when it has taken the one before, whatever it lets go", () =>
    Effect.gen(function* () {
      const { bus, server } = yield* scene
      yield* bus.publish(0, numbered(1, 5))
      const first = yield* as(server.url, keys.billing, inboxOf({ consumer: billing }))
      assert.deepStrictEqual(yield* read(first, 3, (id) => id === "3"), ["1", "2", "3"])
      yield* Effect.promise(() => first.close())
      yield* bus.publish(5, numbered(6, 6))
      const second = yield* as(server.url, keys.billing, inboxOf({ consumer: billing }))
      assert.deepStrictEqual(yield* read(second, 4), ["3", "4", "5", "6"])
    })
  )

  it.live("may do nothing else", () =>
    Effect.gen(function* () {
      const { server } = yield* scene
      const nc = yield* as(server.url, keys.billing, inboxOf({ consumer: billing }))
      const ask = (subject: string) => Effect.promise(() => outcome(nc.request(subject, "{}", { timeout: 30_000 })))
      assert.strictEqual(yield* ask("$JS.API.CONSUMER.INFO.EVENTS.billing"), "done")
      for (const subject of [...forbiddenToConsumers, ...forbiddenToAgents, sent]) {
        assert.strictEqual(yield* ask(subject), "refused", subject)
      }
      for (const subject of [">", "homing.>", sent, "_INBOX.>", "_INBOX_gateway.>", "$JS.>", "$SYS.>"]) {
        const listened = new Promise((heard, failed) => {
          nc.subscribe(subject, { callback: (error) => (error ? failed(error) : heard(undefined)) })
          nc.flush().then(heard, failed)
        })
        assert.strictEqual(yield* Effect.promise(() => outcome(listened)), "refused", subject)
      }
    })
  )

  it.live("gets nothing done in the server's name by where it has its answers sent", () =>
    Effect.gen(function* () {
      const { bus, jsm, nc: looking, server } = yield* scene
      yield* bus.publish(0, numbered(1, 5))
      const before = yield* contents(jsm)
      const heard = new Set<string>()
      looking.subscribe(">", {
        // what a consumer delivers goes by its own subject, wherever it goes
        callback: (_, { reply, subject }) => void (reply?.startsWith("$JS.ACK.") || heard.add(subject))
      })
      yield* Effect.promise(() => looking.flush())
      const nc = yield* as(server.url, keys.billing, inboxOf({ consumer: billing }))
      const replies = [...forbiddenToConsumers, ...forbiddenToAgents, sent]
      heard.clear()
      for (const reply of replies) {
        for (const way of consumerPermissions(billing).publish) {
          nc.publish(way.replace(">", "1.1.1.1.0"), way.includes("NEXT") ? `{"batch":1,"no_wait":true}` : "", { reply })
        }
      }
      yield* Effect.promise(() => nc.request("$JS.API.CONSUMER.INFO.EVENTS.billing", "", { timeout: 30_000 }))
      yield* Effect.promise(() => looking.flush())
      assert.deepStrictEqual(
        replies.filter((one) => heard.has(one) && !one.startsWith("_INBOX_gateway")),
        []
      )
      const after = yield* contents(jsm)
      assert.deepStrictEqual(after, before)
    })
  )
})
