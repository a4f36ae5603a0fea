import { assert, it } from "@effect/vitest"
import { Effect, Layer, References } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { fromMillis } from "#domain/Instant.ts"
import { Inbound } from "#domain/inbound/Inbound.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as Leases from "#infra/leases/InProcess.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { DeviceRegistry } from "../devices/DeviceRegistry.ts"
import * as FactRows from "../inbound/FactRows.ts"
import { Readings } from "../inbound/Readings.ts"
import { MessageActors } from "../messages/MessageActors.ts"
import * as MessagesRows from "../messages/MessagesRows.ts"
import { at, begun, deviceChanged, deviceCreated, recorded, sealed, uuid, write } from "../testing/ViewsFixture.ts"
import { type Route, Transports, TransportUnavailable } from "../transports/Transport.ts"
import { Views } from "../views/Views.ts"
import * as Reconciler from "./Reconciler.ts"
import * as ReissueRows from "./ReissueRows.ts"

const [pairing, paired] = [uuid(1), uuid(2)]
const created = [deviceCreated(pairing, 0n), deviceCreated(paired, 1n)]
const named = { names: [sealed.subject], address: sealed }
/** Of the device that is paired, to be marked as read; then that device is to be linked no more. */
const heard = recorded(`inbound-${uuid(7)}`, 0, 3n, {
  type: "inbound.received.v1",
  data: {
    source: { kind: "device", device: paired },
    waMessageId: "A1",
    fromMe: false,
    chat: { ...named, kind: "person" },
    sender: named,
    content: { kind: "text", body: sealed },
    contentDigest: "digest",
    heardAt: at
  }
})
const readAsked = recorded(heard.stream, 1, 4n, {
  type: "inbound.read_requested.v1",
  data: { device: paired, transport: "whatsapp-web", message: sealed, expiresAt: fromMillis(8 * 24 * 3_600_000) }
})
const unlinkAsked = recorded(`device-${paired}`, 2, 5n, {
  type: "device.unlink_requested.v1",
  data: { transport: "whatsapp-web" }
})
const second = 1_000
const minute = 60_000
const day = 24 * 60 * minute

/** A reconciler over two devices, one of them paired, that began sooner after both were made than its patience lasts. Answers what it issued. */
const reconciling = Effect.fnUntraced(function* (options: {
  readonly messages?: boolean
  readonly trusts?: boolean
  /** Those of facts that were asked for are, of the device that is paired. */
  readonly unlinked?: boolean
  /** When what pairs the device was issued last, as is noted. */
  readonly noted?: number
}) {
  const { messages = true, noted, trusts = true, unlinked = false } = options
  const asked = unlinked ? [heard, readAsked] : []
  yield* TestClock.setTime(30 * second)
  const sql = yield* SqlClient.SqlClient
  const devices = yield* begun(DeviceRegistry, DeviceRegistry.layer)
  yield* devices.rows.setup(sql)
  yield* write(devices, sql, created[0]!, created[1]!, deviceChanged(paired, 1, 2n, "paired"))
  if (messages) yield* MessagesRows.view.setup(sql)
  yield* FactRows.view.setup(sql)
  if (unlinked) yield* write(devices, sql, unlinkAsked)
  if (asked.length > 0) yield* FactRows.view.writer().apply(sql, [heard, readAsked])
  if (noted !== undefined) {
    yield* ReissueRows.make
    yield* sql`INSERT INTO reissues ${sql.insert({ stream: created[0]!.stream, attempt: 2, issued_at: noted })}`
  }
  const issued: Array<string> = []
  const withheld: Array<string> = []
  const agents: { trusted: boolean; reached: boolean; silence: Effect.Effect<void> } = {
    trusted: trusts,
    reached: true,
    silence: Effect.void
  }
  const route: Route = {
    isOpen: () => agents.trusted,
    issue: (orders) =>
      Effect.suspend(() => {
        const unreached = Effect.fail(new TransportUnavailable({ what: "the bus", cause: "test" }))
        if (!agents.reached) return Effect.andThen(agents.silence, unreached)
        for (const { attempt, device } of orders) issued.push(`${device === pairing} ${attempt}`)
        return Effect.void
      })
  }
  const stubs = Layer.mergeAll(
    Layer.succeed(EventStore, {
      append: () => Effect.die("not here"),
      read: (stream) => Effect.succeed([...created, ...asked].filter((event) => event.stream === stream)),
      head: Effect.succeed(2n),
      at: () => Effect.die("not here"),
      appendable: Effect.void,
      subscribe: () => Effect.die("not here") as never
    }),
    Layer.succeed(Views, {
      reached: () => Effect.void,
      counted: () => Effect.void,
      written: () => Effect.void,
      stands: () => false,
      rowsStand: () => false,
      making: () => undefined,
      position: Effect.succeed(2n)
    }),
    Layer.succeed(MessageActors, {} as never),
    Layer.succeed(Readings, {
      withhold: ({ eventId, stream }: RecordedEvent, reason: string) =>
        Effect.as(
          Effect.tap(
            sql`UPDATE inbound SET asked_at = NULL WHERE id = ${Inbound.idOf(stream)}`,
            Effect.sync(() => withheld.push(`${eventId} ${reason}`))
          ),
          true
        )
    } as never),
    Layer.succeed(DeviceRegistry, devices.shown),
    Layer.succeed(SubjectKeys, {} as never),
    Layer.succeed(Transports, {
      register: () => {},
      named: (name) => ({ name, routeTo: () => route, mayReissue: () => agents.trusted })
    })
  )
  yield* Layer.build(
    Reconciler.layer({
      everyMillis: 30 * second,
      patienceMillis: minute,
      graceMillis: minute
    }).pipe(Layer.provide(stubs))
  )
  yield* TestClock.adjust(0)
  return { agents, issued, withheld }
})
const layer = Leases.layer.pipe(
  Layer.provideMerge(Layer.fresh(SqliteClient.layer(":memory:", { durability: "checkpoint" }))),
  Layer.merge(NodeCrypto.layer),
  Layer.merge(Layer.succeed(References.MinimumLogLevel, "None"))
)
const pairs = (...attempts: ReadonlyArray<number>) => attempts.map((attempt) => `true ${attempt}`)

it.effect("issues what is to pair a device again: at start, then ever more rarely, until its time is over", () =>
  Effect.gen(function* () {
    const { issued } = yield* reconciling({})
    assert.deepStrictEqual(issued, pairs(2))
    yield* TestClock.adjust(2 * minute)
    assert.deepStrictEqual(issued, pairs(2))
    yield* TestClock.adjust(minute)
    assert.deepStrictEqual(issued, pairs(2, 3))
    yield* TestClock.setTime(7 * day)
    const all = [...issued]
    assert.deepStrictEqual(all, pairs(...all.map((_, i) => i + 2)))
    assert.closeTo(all.length, 7 * 24, 10) // once an hour in the end
    yield* TestClock.setTime(8 * day)
    assert.deepStrictEqual(issued, all)
  }).pipe(Effect.provide(layer))
)

it.effect("goes by nothing that a clock which was ahead has noted", () =>
  Effect.gen(function* () {
    const { issued } = yield* reconciling({ noted: 6 * day })
    assert.deepStrictEqual(issued, pairs(3))
    yield* TestClock.adjust(4 * minute)
    assert.deepStrictEqual(issued, pairs(3))
    yield* TestClock.adjust(minute)
    assert.deepStrictEqual(issued, pairs(3, 4)) // it is noted anew
  }).pipe(Effect.provide(layer))
)

it.effect("ends what nobody can mark as read any more, once", () =>
  Effect.gen(function* () {
    const { withheld } = yield* reconciling({ unlinked: true })
    yield* TestClock.adjust(10 * minute)
    assert.deepStrictEqual(withheld, [`${readAsked.eventId} unlinked`])
  }).pipe(Effect.provide(layer))
)

it.effect("issues nothing twice because a look at the rest fails", () =>
  Effect.gen(function* () {
    const { issued } = yield* reconciling({ messages: false })
    yield* TestClock.adjust(minute)
    assert.deepStrictEqual(issued, pairs(2))
  }).pipe(Effect.provide(layer))
)

it.effect("issues nothing again that may not be, until it may", () =>
  Effect.gen(function* () {
    const { agents, issued } = yield* reconciling({ trusts: false })
    yield* TestClock.adjust(10 * minute)
    assert.deepStrictEqual(issued, [])
    agents.trusted = true
    yield* TestClock.adjust(minute)
    assert.deepStrictEqual(issued, pairs(2))
  }).pipe(Effect.provide(layer))
)

it.effect("counts nothing that nobody took: once somebody can be reached, all is issued at the next look", () =>
  Effect.gen(function* () {
    const { agents, issued } = yield* reconciling({})
    agents.reached = false
    yield* TestClock.adjust(30 * minute)
    assert.deepStrictEqual(issued, pairs(2))
    agents.reached = true
    yield* TestClock.adjust(30 * second)
    assert.deepStrictEqual(issued, pairs(2, 3))
  }).pipe(Effect.provide(layer))
)

it.effect("is not led back by an earlier issue that nobody took in the end", () =>
  Effect.gen(function* () {
    const { agents, issued } = yield* reconciling({})
    agents.reached = false
    agents.silence = Effect.sleep(10 * minute)
    yield* TestClock.adjust(4 * minute) // the third waits for its answer
    agents.reached = true
    yield* TestClock.adjust(4 * minute)
    assert.deepStrictEqual(issued, pairs(2, 4))
    yield* TestClock.adjust(6 * minute) // it comes, and says that nobody took it
    assert.deepStrictEqual(issued, pairs(2, 4))
    yield* TestClock.adjust(4 * minute)
    assert.deepStrictEqual(issued, pairs(2, 4, 5))
  }).pipe(Effect.provide(layer))
)
