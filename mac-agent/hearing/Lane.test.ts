import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { EventId } from "#domain/Ids.ts"
import type { HeardPlace } from "#domain/ports/Ledger.ts"
import * as Lane from "./Lane.ts"

const placeOf = (n: number): HeardPlace => ({
  id: EventId.make(`00000000-0000-7000-8000-${String(n).padStart(12, "0")}`),
  place: n,
  chat: `chat ${n}`,
  lane: "live"
})

it.effect("what is acknowledged while others are told again is not told again, and gives its place to the next", () =>
  Effect.gen(function* () {
    let now = 0
    let onTell: (id: string) => void = () => {}
    const told: Array<number> = []
    const lane = yield* Lane.make({
      mostUnderWay: 2,
      isTaken: () => true,
      wall: () => now,
      waiting: () => Effect.succeed([]),
      tell: ({ id, place }) =>
        Effect.sync(() => {
          told.push(place)
          onTell(id)
          return true
        })
    })
    yield* lane.readOn
    lane.kept([1, 2].map(placeOf))
    yield* Effect.yieldNow
    now = 60_000
    onTell = () => {
      onTell = () => {}
      lane.forget([placeOf(2).id])
    }
    yield* lane.repeat
    assert.deepStrictEqual(told, [1, 2, 1])
    lane.kept([3, 4].map(placeOf))
    yield* Effect.yieldNow
    assert.deepStrictEqual(told, [1, 2, 1, 3])
  })
)

it.effect("what had no room any more is not looked for", () =>
  Effect.gen(function* () {
    let looks = 0
    const lane = yield* Lane.make({
      mostUnderWay: 2,
      isTaken: () => true,
      wall: () => 0,
      waiting: () => Effect.sync(() => (looks++ > 10 ? assert.fail("it looks for ever") : [])),
      tell: () => Effect.succeed(true)
    })
    lane.kept([placeOf(7)]) // and it is gone before anybody has read it
    yield* lane.readOn
    assert.deepStrictEqual([lane.hasMore(), lane.isEmpty()], [false, true])
  })
)
