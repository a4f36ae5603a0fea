import { assert, describe, it } from "@effect/vitest"
import { Array as Arrays, Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { type EventId, StreamId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { newEvent } from "#infra/event-store/contract/Fixtures.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { dice } from "../../test/crash/Dice.ts"
import { sealed } from "../testing/ViewsFixture.ts"
import { Readiness } from "../views/Readiness.ts"
import * as MomentRows from "./MomentRows.ts"
import { Moments } from "./Moments.ts"

const begin = 1_790_000_000_000

/** A log whose clock now and then is set back or ahead, and rows of it that were written by several writers. */
const history = Effect.fnUntraced(function* (seed: number, events: number) {
  const { below: roll } = dice(seed)
  const services = yield* Layer.build(
    Layer.fresh(
      Moments.layer.pipe(
        Layer.provide(Layer.succeed(Readiness, { lag: () => undefined, written: () => true })),
        Layer.provideMerge(
          Layer.merge(Sqlite.layer(":memory:"), SqliteClient.layer(":memory:", { durability: "checkpoint" }))
        )
      )
    )
  )
  const store = Context.get(services, EventStore)
  const sql = Context.get(services, SqlClient.SqlClient)
  yield* MomentRows.view.setup(sql)
  let writer = MomentRows.view.writer()
  let now = begin
  const log: Array<{ readonly millis: number; readonly position: bigint }> = []
  while (log.length < events) {
    const page = []
    for (let left = 1 + roll(20); left > 0; left--) {
      now += roll(50) === 0 ? roll(200_000) : roll(1_500)
      if (roll(40) === 0) now -= roll(120_000)
      const event = newEvent("device.renamed.v1", { name: sealed })
      const metadata = { ...event.metadata, occurredAt: fromMillis(now) }
      const eventId = (event.eventId.slice(0, -2) + (roll(8) === 0 ? "00" : "01")) as EventId
      const stream = StreamId.make(`device-${log.length}`)
      const { position } = yield* store.append(stream, "no_stream", [{ ...event, eventId, metadata }])
      page.push(...(yield* store.read(stream)))
      log.push({ millis: now, position })
    }
    if (Arrays.isReadonlyArrayNonEmpty(page)) yield* sql.withTransaction(writer.apply(sql, page))
    writer.applied?.()
    if (roll(4) === 0) writer = MomentRows.view.writer()
  }
  return { roll, log, moments: Context.get(services, Moments), sql }
})

/** By hand: the last that was recorded by then, wherever it stands. */
const byHand = (log: ReadonlyArray<{ readonly millis: number; readonly position: bigint }>, millis: number) =>
  log.findLast((one) => one.millis <= millis)?.position ?? 0n

describe("a moment", () => {
  it.live("is the log's last event that was recorded by then, whichever way clocks were set", () =>
    Effect.gen(function* () {
      for (const seed of [1, 2, 3, 4]) {
        const { log, moments, roll, sql } = yield* history(seed, 1_500)
        const [first, last] = [Math.min(...log.map(({ millis }) => millis)), log.at(-1)!.millis]
        for (let asked = 0; asked < 250; asked++) {
          const exact = roll(3) === 0 ? log[roll(log.length)]!.millis : undefined
          const millis = exact ?? first - 5_000 + roll(last - first + 10_000)
          const place = yield* moments.placeOf(fromMillis(millis))
          assert.strictEqual(place, byHand(log, millis), `${seed} ${fromMillis(millis)}`)
        }
        const steps = yield* sql`SELECT 1 FROM moments`
        assert.isBelow(steps.length, log.length / 2)
      }
    })
  )

  it.live("that is yet to come is the log's end, and before the first there is nothing", () =>
    Effect.gen(function* () {
      const { log, moments } = yield* history(5, 50)
      assert.strictEqual(yield* moments.placeOf(fromMillis(begin - 1_000_000)), 0n)
      assert.strictEqual(yield* moments.placeOf(fromMillis(begin * 2)), log.at(-1)!.position)
    })
  )
})
