import { cpSync, rmSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import type { JetStreamManager } from "nats"
import { ConsumerId } from "#domain/Ids.ts"
import { EventBus } from "#domain/ports/EventBus.ts"
import { until } from "#domain/testing/Eventually.ts"
import * as CustodyFixture from "#infra/bus/jetstream/testing/CustodyFixture.ts"
import { custodian, keys, shipped } from "#infra/bus/jetstream/testing/CustodyFixture.ts"
import { eventsEnd } from "#infra/bus/jetstream/testing/JetStreamFixture.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { connectedDevice, eventually, folder, type Homing, life, start, text } from "./Homing.ts"
import { describeWith } from "./servers/Installed.ts"
import type { NatsServer } from "./servers/Nats.ts"

/** A gateway whose events are on a real server; its agent is in the same process. */

const billing = ConsumerId.make("billing")

const portsTo = ({ url }: NatsServer) =>
  Layer.effect(
    EventBus,
    eventsEnd({
      url,
      nkeySeed: Redacted.make(keys.gateway.seed),
      events: { consumers: [billing], maxBytes: 16 * 1_048_576, keptMillis: 86_400_000 },
      tuning: { look: 300, request: 2_000, eventWindow: 100 }
    })
  )

interface Told {
  readonly id: string
  readonly type: string
}

/** Everything on the stream, as it stands there. */
const published = (jsm: JetStreamManager) =>
  Effect.promise(async () => {
    const { state } = await jsm.streams.info("EVENTS")
    const found: Array<{ readonly subject: string; readonly text: string; readonly event: Told }> = []
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const { data, header, subject } = await jsm.streams.getMessage("EVENTS", { seq })
      const text = new TextDecoder().decode(data)
      const event: Told = JSON.parse(text)
      assert.strictEqual(header.get("Nats-Msg-Id"), event.id)
      found.push({ subject, text, event })
    }
    return found
  })
const onBus = (jsm: JetStreamManager) => Effect.catchDefect(published(jsm), () => Effect.succeed([])) // it may just be made

const inLog = ({ call }: Pick<Homing, "call">) =>
  Effect.map(call("GET", "/v1/events?limit=500"), ({ body }) => (body.items as ReadonlyArray<Told>).map(({ id }) => id))

/** The stream has exactly what the log has, in its order; answers it. */
const agrees = Effect.fnUntraced(function* (homing: Homing, jsm: JetStreamManager, from = 0) {
  const both = Effect.all({ found: onBus(jsm), wanted: Effect.map(inLog(homing), (ids) => ids.slice(from)) })
  const { found, wanted } = yield* eventually(both, ({ found, wanted }) => found.length >= wanted.length)
  assert.deepStrictEqual(
    found.map(({ event }) => event.id),
    wanted
  )
  return found
})

const scene = Effect.fnUntraced(function* (config = shipped) {
  const server = yield* custodian(config)
  const { jsm } = yield* CustodyFixture.administrator(server.url)
  return { server, jsm, path: yield* folder, session: AcknowledgesAtOnce.make().layer }
})

const sends = ({ call }: Homing, device: string, words: string) =>
  Effect.map(call("POST", "/v1/messages", text(device, words)), ({ body }) => {
    assert.strictEqual(body.status, "sent")
  })

describeWith("nats-server", "events on the bus", () => {
  it.live("are those of the log, in its order, without personal data, and none twice after a restart", () =>
    Effect.gen(function* () {
      const { jsm, path, server, session } = yield* scene()
      const first = yield* life
      const before = yield* first.during(start(path, session, { ports: portsTo(server) }))
      const device = yield* connectedDevice(before)
      yield* sends(before, device, "a secret text")
      const found = yield* agrees(before, jsm)
      assert.includeMembers(
        found.map(({ subject }) => subject),
        ["device.created", "device.connected", "message.queued", "message.sent"].map(
          (one) => `homing.events.default.${one}`
        )
      )
      for (const { text } of found) assert.notMatch(text, /60123456789|secret text|test phone/)
      yield* first.end
      const again = yield* start(path, session, { ports: portsTo(server) })
      yield* sends(again, device, "another")
      yield* agrees(again, jsm)
    })
  )

  it.live("are all there again when the stream was deleted, and go on where they were when it was emptied", () =>
    Effect.gen(function* () {
      const { jsm, path, server, session } = yield* scene()
      const homing = yield* start(path, session, { ports: portsTo(server) })
      const device = yield* connectedDevice(homing)
      yield* agrees(homing, jsm)
      yield* Effect.promise(() => jsm.streams.delete("EVENTS"))
      yield* agrees(homing, jsm) // nothing has to happen for that
      yield* sends(homing, device, "one")
      yield* agrees(homing, jsm)
      yield* Effect.promise(() => jsm.streams.purge("EVENTS"))
      const { length } = yield* inLog(homing)
      yield* sends(homing, device, "two")
      yield* agrees(homing, jsm, length)
    })
  )

  it.live("go on where they were also when nobody published while the stream was emptied", () =>
    Effect.gen(function* () {
      const { jsm, path, server, session } = yield* scene()
      const lives = Effect.fnUntraced(function* <A>(act: (homing: Homing) => Effect.Effect<A>) {
        const one = yield* life
        const answer = yield* Effect.flatMap(one.during(start(path, session, { ports: portsTo(server) })), act)
        yield* one.end
        return answer
      })
      const device = yield* lives((homing) => Effect.tap(connectedDevice(homing), () => agrees(homing, jsm)))
      const long = yield* lives((homing) => Effect.map(agrees(homing, jsm), () => inLog(homing)).pipe(Effect.flatten))
      yield* Effect.promise(() => jsm.streams.purge("EVENTS"))
      yield* lives((homing) =>
        Effect.gen(function* () {
          yield* sends(homing, device, "later")
          const both = Effect.all({ found: onBus(jsm), logged: inLog(homing) })
          const isThere = (found: ReadonlyArray<{ readonly event: Told }>, id: string | undefined) =>
            found.some(({ event }) => event.id === id)
          const { found, logged } = yield* eventually(both, ({ found, logged }) => isThere(found, logged.at(-1)))
          // from where the life before began at the earliest: its own few are there again
          const ids = found.map(({ event }) => event.id)
          assert.deepStrictEqual(ids, logged.slice(logged.length - ids.length))
          assert.isFalse(isThere(found, long[0]))
          assert.isAtLeast(ids.length, logged.length - long.length)
        })
      )
    })
  )

  it.live("are not passed over in silence where the stream has come further than the log", () =>
    Effect.gen(function* () {
      const { jsm, path, server, session } = yield* scene()
      const [data, kept] = [join(path, "data"), join(path, "kept")]
      const lives = Effect.fnUntraced(function* <A>(act: (homing: Homing) => Effect.Effect<A>) {
        const one = yield* life
        const answer = yield* Effect.flatMap(one.during(start(data, session, { ports: portsTo(server) })), act)
        yield* one.end
        return answer
      })
      const device = yield* lives((homing) => Effect.tap(connectedDevice(homing), () => agrees(homing, jsm)))
      cpSync(data, kept, { recursive: true })
      yield* lives((homing) =>
        Effect.gen(function* () {
          for (let n = 0; n < 5; n++) yield* sends(homing, device, "forgotten")
          yield* agrees(homing, jsm)
        })
      )
      rmSync(data, { recursive: true })
      cpSync(kept, data, { recursive: true })
      const lines: Array<string> = []
      yield* start(data, session, { ports: portsTo(server), log: (line) => void lines.push(line) })
      yield* until(() => lines.some((line) => /not published on the bus.*raise its epoch/.test(line)))
    })
  )

  it.live("that the server refuses hold up nothing, are told of once, and follow when it takes them", () =>
    Effect.gen(function* () {
      const refusing = shipped.replace(/^ *"homing\.events\.\*\.\*\.\*"\n/m, "")
      const { jsm, path, server, session } = yield* scene(refusing)
      const lines: Array<string> = []
      const homing = yield* start(path, session, { ports: portsTo(server), log: (line) => lines.push(line) })
      const device = yield* connectedDevice(homing)
      yield* sends(homing, device, "meanwhile")
      const details = homing.call("GET", "/health/detailed")
      const troubled = yield* eventually(details, ({ body }) => body.bus.events !== null)
      assert.match(troubled.body.bus.events, /Permissions Violation for Publish to "homing\.events\./)
      assert.include(troubled.body.warnings, "bus_events")
      assert.strictEqual((yield* homing.call("GET", "/health/ready")).status, 200)
      yield* server.kill()
      yield* server.reconfigure(shipped)
      yield* server.restart
      yield* agrees(homing, jsm)
      yield* eventually(details, ({ body }) => body.bus.events === null)
      const told = lines.filter((line) => line.includes("events are not published on the bus"))
      assert.isNotEmpty(told)
      assert.isAtMost(told.length, 3) // of each reason once
    })
  )
})
