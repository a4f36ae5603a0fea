import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { StreamId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { newEvent } from "#infra/event-store/contract/Fixtures.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { dice } from "../../test/crash/Dice.ts"
import * as MomentRows from "../moments/MomentRows.ts"
import { Moments } from "../moments/Moments.ts"
import { deviceChanged, deviceCreated, queued, reported, uuid } from "../testing/ViewsFixture.ts"
import { Readiness } from "../views/Readiness.ts"
import { placeOf } from "./Reading.ts"
import { stateAt, totalsAt } from "./States.ts"

/** How far each says that a message has come; the last of one attempt that is furthest counts. */
const order = ["queued", "attempting", "unknown", "expired", "sent", "failed", "delivered", "read"]
const states = ["paired", "connected", "disconnected"]

interface Entry {
  readonly at: number
  readonly position: bigint
  readonly stream: StreamId
  readonly said: string
}

/** Messages and devices, some of what is said of them in another order than it should be, under a clock that jumps. */
const lived = Effect.gen(function* () {
  const { below } = dice(20261130)
  const services = yield* Layer.build(
    Moments.layer.pipe(
      Layer.provide(Layer.succeed(Readiness, { lag: () => undefined, written: () => true })),
      Layer.provideMerge(
        Layer.merge(Sqlite.layer(":memory:"), SqliteClient.layer(":memory:", { durability: "checkpoint" }))
      )
    )
  )
  const [store, sql] = [Context.get(services, EventStore), Context.get(services, SqlClient.SqlClient)]
  yield* MomentRows.view.setup(sql)
  const writer = MomentRows.view.writer()
  const revisions = new Map<StreamId, number>()
  const log: Array<Entry> = []
  let now = Date.parse("2026-11-30T08:00:00.000Z")
  const record = Effect.fnUntraced(function* ({ data, stream, type }: RecordedEvent, said: string) {
    now += below(30) === 0 ? -below(20_000) : below(2_000)
    const event = newEvent(type, data)
    const revision = revisions.get(stream) ?? -1
    const stored = { ...event, metadata: { ...event.metadata, occurredAt: fromMillis(now) } }
    const { position } = yield* store.append(stream, revision < 0 ? "no_stream" : revision, [stored])
    revisions.set(stream, revision + 1)
    log.push({ at: now, position, stream, said })
    const [first, ...rest] = (yield* store.read(stream)).slice(-1)
    yield* writer.apply(sql, [first!, ...rest])
    writer.applied?.()
  })
  for (let n = 1; n <= 250; n++) {
    const device = uuid(900 + (n % 5))
    if (n <= 5) yield* record(deviceCreated(device, 0n), "pairing")
    else if (below(3) === 0) {
      const step = revisions.get(StreamId.make(`device-${device}`))! + 1
      const change = step === 1 ? "paired" : states[1 + below(2)]!
      yield* record(deviceChanged(device, step, 0n, change), change === "paired" ? "disconnected" : change)
    }
    yield* record(queued(n, 0n, device), "queued")
    for (let left = below(4); left > 0; left--) {
      const about = 1 + below(n)
      const kind = order[1 + below(order.length - 1)]!
      yield* record(reported(about, revisions.get(StreamId.make(`message-${uuid(about)}`))! + 1, 0n, kind), kind)
    }
  }
  return { below, log, moments: Context.get(services, Moments), store }
})

/** By hand: all that stands up to the last that was recorded by then, and of a stream what was said last or says most. */
const byHand = (log: ReadonlyArray<Entry>, at: number) => {
  const until = log.findLastIndex((one) => one.at <= at)
  return log.slice(0, until + 1)
}
const statusOf = (told: ReadonlyArray<Entry>) =>
  told.map(({ said }) => said).reduce((most, said) => (order.indexOf(said) > order.indexOf(most) ? said : most))

it.live("the state at 1,000 moments is what a fold by hand says, however it is asked for", () =>
  Effect.gen(function* () {
    const { below, log, moments, store } = yield* lived
    const asking = Effect.provideService(EventStore, store)
    const [first, last] = [log[0]!.at, log.at(-1)!.at]
    const streams = [...new Set(log.map(({ stream }) => stream))]
    let absent = 0
    for (let n = 0; n < 1_000; n++) {
      const at = n % 4 === 0 ? log[below(log.length)]!.at : first - 1_000 + below(last - first + 2_000)
      const told = byHand(log, at)
      const place = yield* moments.placeOf(fromMillis(at))
      assert.strictEqual(place, told.at(-1)?.position ?? 0n)
      if (n % 50 === 0) {
        const scanned = yield* asking(placeOf({ at: fromMillis(at) }))
        assert.strictEqual(scanned ?? 0n, place)
        const messages = [...Map.groupBy(told, ({ stream }) => stream)].filter(([name]) => name.startsWith("message-"))
        const counts: Record<string, number> = {}
        for (const [, some] of messages) counts[statusOf(some)] = (counts[statusOf(some)] ?? 0) + 1
        if (place > 0n) assert.deepStrictEqual((yield* asking(totalsAt(place))).messages, counts)
      }
      const stream = streams[below(streams.length)]!
      const own = told.filter((one) => one.stream === stream)
      const found = (yield* asking(stateAt(stream, place))) as
        | { readonly events: number; readonly state: { readonly status: string; readonly connection: string } }
        | undefined
      if (own.length === 0) absent++
      if (own.length === 0) assert.isUndefined(found)
      else if (stream.startsWith("message-")) {
        assert.strictEqual(found?.state.status, statusOf(own), `${stream} ${fromMillis(at)}`)
      } else {
        const connections = own.map(({ said }) => said)
        assert.strictEqual(found?.state.connection, connections.at(-1), `${stream} ${fromMillis(at)}`)
      }
    }
    assert.isAbove(absent, 10)
    assert.isBelow(absent, 900)
  }).pipe(Effect.scoped)
)
