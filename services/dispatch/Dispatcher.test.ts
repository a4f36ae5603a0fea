import { assert, it } from "@effect/vitest"
import { Effect, Layer, Logger, Metric, Queue, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { type DeviceId, defaultTenant } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Leases, LeasesUnavailable } from "#domain/ports/Leases.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import { seal } from "#domain/privacy/Sealing.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { DeviceRegistry } from "../devices/DeviceRegistry.ts"
import { marksIn } from "../identity/ReachedRows.ts"
import { Readings } from "../inbound/Readings.ts"
import { MessageActors } from "../messages/MessageActors.ts"
import { QueueDepth } from "../messages/QueueDepth.ts"
import { dispatcher } from "../tables/Positions.ts"
import { deviceCreated, queued, sealed, uuid } from "../testing/ViewsFixture.ts"
import { type Route, Transports } from "../transports/Transport.ts"
import { Views } from "../views/Views.ts"
import * as Dispatcher from "./Dispatcher.ts"

const ports = InProcessLeases.layer.pipe(
  Layer.provideMerge(SqliteClient.layer(":memory:", { durability: "checkpoint" })),
  Layer.merge(NodeCrypto.layer)
)

const heard = (warnings: Array<unknown>) =>
  Logger.layer([
    Logger.make(({ logLevel, message }) => {
      if (logLevel === "Warn") warnings.push(message)
    })
  ])

/** A log that others write. */
const logOf = (subscribe: EventStore["Service"]["subscribe"]) =>
  Layer.succeed(EventStore, {
    append: () => Effect.die("not here"),
    read: () => Effect.die("not here"),
    head: Effect.succeed(undefined),
    at: () => Effect.die("not here"),
    appendable: Effect.void,
    subscribe
  })
const written = (events: ReadonlyArray<RecordedEvent>, together = 100) =>
  logOf(({ after }) =>
    Stream.concat(
      Stream.rechunk(Stream.fromIterable(events.filter(({ position }) => position > (after ?? -1n))), together),
      Stream.never
    )
  )

interface Surroundings<E, R> {
  readonly issue: (agent: string, orders: Parameters<Route["issue"]>[0]) => ReturnType<Route["issue"]>
  /** Whose a device is. */
  readonly agentOf?: (device: DeviceId) => string | undefined
  readonly isOpen?: (agent: string) => boolean
  readonly transports?: ReadonlySet<string>
  readonly keys?: Partial<SubjectKeys["Service"]>
  readonly more?: Layer.Layer<never, E, R> | Layer.Layer<Leases, E, R>
}

/** The dispatcher, with what a test says of its surroundings. */
const dispatching = <E = never, R = never>(log: Layer.Layer<EventStore>, surroundings: Surroundings<E, R>) => {
  const { agentOf = () => "home", isOpen = () => true, issue, keys = {}, more = Layer.empty } = surroundings
  const { transports = new Set(["whatsapp-web"]) } = surroundings
  const routes = new Map<string, Route>()
  const routeTo = (device: DeviceId) => {
    const agent = agentOf(device)
    if (agent === undefined) return undefined
    const route = routes.get(agent) ?? { isOpen: () => isOpen(agent), issue: (orders) => issue(agent, orders) }
    routes.set(agent, route)
    return route
  }
  const stubs = Layer.mergeAll(
    log,
    Layer.succeed(Views, {
      reached: () => Effect.void,
      counted: () => Effect.void,
      written: () => Effect.void,
      stands: () => false,
      rowsStand: () => false,
      making: () => undefined,
      position: Effect.succeed(undefined)
    }),
    Layer.succeed(SubjectKeys, keys as SubjectKeys["Service"]),
    Layer.succeed(DeviceRegistry, new Map()),
    Layer.succeed(QueueDepth, { isUnanswered: () => true, oldest: () => undefined } as never),
    Layer.succeed(MessageActors, {} as never),
    Layer.succeed(Readings, {} as never),
    Layer.succeed(Transports, {
      register: () => {},
      named: (name) => (transports.has(name) ? { name, routeTo, mayReissue: () => true } : undefined)
    }),
    more
  )
  return Layer.build(Dispatcher.layer.pipe(Layer.provide(stubs)))
}
const issued = () => Effect.void

it.effect("moves its checkpoint only from where it was, and begins anew where the database says", () =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const begun: Array<bigint | undefined> = []
    const warnings: Array<unknown> = []
    const log = yield* Queue.unbounded<RecordedEvent>()
    const subscribed = logOf(({ after }) => {
      begun.push(after)
      return Stream.fromQueue(log)
    })
    yield* dispatching(subscribed, { issue: issued, more: heard(warnings) })
    const place = sql`SELECT position FROM dispatcher`
    for (const position of [5n, 7n]) {
      const created = deviceCreated(uuid(Number(position)), position)
      yield* Queue.offer(log, created)
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* place, [{ position: String(position) }])
      assert.deepStrictEqual(yield* marksIn(dispatcher), [{ position, eventId: created.eventId }])
    }
    yield* sql`UPDATE dispatcher SET position = '5'`
    yield* Queue.offer(log, deviceCreated(uuid(9), 9n))
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(yield* place, [{ position: "5" }])
    yield* TestClock.adjust("10 seconds")
    assert.deepStrictEqual(begun, [undefined, 5n])
    assert.lengthOf(warnings, 1)
    assert.match(JSON.stringify(warnings), /the database has forgotten/)
  }).pipe(Effect.provide(ports))
)

it.effect("says once that its checkpoint cannot be written, and again after it could be", () =>
  Effect.gen(function* () {
    const warnings: Array<unknown> = []
    const log = yield* Queue.unbounded<RecordedEvent>()
    const leases = yield* Leases
    const database = { away: true }
    const reluctant = Layer.succeed(Leases, {
      ...leases,
      fenced: (lease, write) =>
        Effect.suspend(() =>
          database.away ? Effect.fail(new LeasesUnavailable({ cause: "away" })) : leases.fenced(lease, write)
        )
    })
    const subscribed = logOf(() => Stream.fromQueue(log))
    yield* dispatching(subscribed, { issue: issued, more: Layer.merge(reluctant, heard(warnings)) })
    for (const position of [1n, 2n]) {
      yield* Queue.offer(log, deviceCreated(uuid(Number(position)), position))
      database.away = true
      yield* TestClock.adjust("10 seconds")
      assert.lengthOf(warnings, Number(position))
      database.away = false
      yield* TestClock.adjust("10 seconds")
      assert.lengthOf(warnings, Number(position))
    }
  }).pipe(Effect.provide(ports))
)

it.effect("keeps no agent's commands waiting for another that is not enrolled", () =>
  Effect.gen(function* () {
    const told: Array<string> = []
    const created = [deviceCreated(uuid(1), 1n), deviceCreated(uuid(2), 2n)]
    yield* dispatching(written(created), {
      agentOf: (device) => (device === uuid(1) ? "not-enrolled" : "home"),
      issue: (agent) => (agent === "home" ? Effect.sync(() => void told.push(agent)) : Effect.never)
    })
    yield* TestClock.adjust("2 seconds")
    assert.deepStrictEqual(told, ["home"])
  }).pipe(Effect.provide(ports))
)

it.effect("reads on only as the bus takes custody", () =>
  Effect.gen(function* () {
    const created = Array.from({ length: 5_000 }, (_, i) => deviceCreated(uuid(i), BigInt(i)))
    const custody = yield* Queue.unbounded<void>()
    let count = 0
    yield* dispatching(written(created), {
      issue: (_, orders) =>
        Effect.suspend(() => {
          count += orders.length
          return Queue.take(custody)
        })
    })
    yield* TestClock.adjust("1 second")
    assert.strictEqual(count, 1_000)
    yield* Queue.offer(custody, undefined)
    yield* TestClock.adjust("1 second")
    assert.strictEqual(count, 1_100)
    yield* Queue.offerAll(
      custody,
      created.map(() => undefined)
    )
    for (let i = 0; i < 20 && count < 5_000; i++) yield* TestClock.adjust("1 second")
    assert.strictEqual(count, 5_000)
  }).pipe(Effect.provide(ports))
)

it.effect("passes over what an agent without a key cannot be told, and reads it again when it has one", () =>
  Effect.gen(function* () {
    const created = Array.from({ length: 1_000 }, (_, i) => deviceCreated(uuid(i), BigInt(i)))
    const ofHome = new Set(created.filter((_, i) => i % 2 === 0).map(({ stream }) => stream.slice("device-".length)))
    const enrolled = new Set(["home"])
    const told = new Map<string, Set<string>>()
    const issue: Surroundings<never, never>["issue"] = (agent, orders) =>
      Effect.suspend(() => {
        if (!enrolled.has(agent)) return Effect.never
        const to = told.get(agent) ?? new Set()
        for (const { commandId, position } of orders) to.add(`${commandId} ${position}`)
        told.set(agent, to)
        return Effect.void
      })
    yield* dispatching(written(created), {
      agentOf: (device) => (ofHome.has(device) ? "home" : "away"),
      isOpen: (agent) => enrolled.has(agent),
      issue
    })
    yield* TestClock.adjust("5 seconds")
    assert.strictEqual(told.get("home")?.size, 500)
    assert.isUndefined(told.get("away"))
    enrolled.add("away")
    yield* TestClock.adjust("5 seconds")
    assert.strictEqual(told.get("away")?.size, 500)
  }).pipe(Effect.provide(ports))
)

const key = crypto.cipherKey(new Uint8Array(32))
const message = (n: number, position: bigint, device: string, transport?: object): RecordedEvent => {
  const event = queued(n, position, device)
  const place = { tenant: defaultTenant, event: event.eventId }
  const boxed = (field: string) => {
    const box = seal(crypto, sealed.subject, { key, version: "1" }, { ...place, field }, "{}")
    return { ...box }
  }
  const { transport: before, waMessageId, ...same } = event.data
  const data = {
    ...same,
    content: { body: boxed("content"), kind: "text" },
    expiresAt: fromMillis(3_600_000),
    recipient: { address: boxed("recipient"), kind: "phone" },
    ...(transport === undefined ? { transport: before!, waMessageId: waMessageId! } : { transport: { ...transport } })
  }
  return { ...event, type: transport === undefined ? event.type : "message.queued.v2", data }
}

const strandedTotal = Effect.map(Metric.snapshot, (metrics) =>
  metrics.reduce(
    (sum, { id, state }) =>
      id === "homing_orders_stranded_total" ? sum + Number((state as { readonly count: number }).count) : sum,
    0
  )
)

it.effect.each([
  ["a device that nobody here knows the way to", message(1, 1n, uuid(1))],
  ["a transport that is not here", message(1, 1n, uuid(0), { name: "cloud-api" })]
] as const)("goes on behind a message for %s, and issues it when it can", ([, stranded]) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const before = yield* strandedTotal
    const told: Array<bigint> = []
    const warnings: Array<unknown> = []
    const ways = { devices: new Set([uuid(0)]), transports: new Set(["whatsapp-web"]) }
    const next = [deviceCreated(uuid(0), 2n), { ...stranded, position: 3n }, deviceCreated(uuid(0), 4n)]
    yield* dispatching(written([deviceCreated(uuid(0), 0n), stranded, ...next], 1), {
      agentOf: (device) => (ways.devices.has(device) ? "home" : undefined),
      issue: (_, orders) => Effect.sync(() => void told.push(...orders.map(({ position }) => position))),
      keys: { find: () => Effect.succeed(key) },
      more: heard(warnings),
      transports: ways.transports
    })
    yield* TestClock.adjust("5 seconds")
    assert.deepStrictEqual(told, [0n, 2n, 4n])
    assert.strictEqual((yield* strandedTotal) - before, 2)
    assert.lengthOf(warnings, 1)
    assert.match(JSON.stringify(warnings), /nobody here knows the way to a device/)
    const place = sql`SELECT position FROM dispatcher`
    assert.deepStrictEqual(yield* place, [{ position: "0" }])
    ways.devices.add(uuid(1))
    ways.transports.add("cloud-api")
    yield* TestClock.adjust("10 seconds")
    assert.includeMembers(told, [1n, 3n])
    assert.deepStrictEqual(yield* place, [{ position: "4" }])
    assert.lengthOf(warnings, 1)
  }).pipe(Effect.provide(ports))
)
