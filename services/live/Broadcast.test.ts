import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { DeviceId } from "#domain/Ids.ts"
import { Later } from "#domain/Later.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { Hear } from "../events/Feed.ts"
import type { Understood } from "../events/Filter.ts"
import type { PublicEvent } from "../events/PublicEvents.ts"
import * as Broadcast from "./Broadcast.ts"
import type { Frame } from "./Frame.ts"

const device = DeviceId.make("11111111-1111-7111-8111-111111111111")
const everything: Understood = {
  after: undefined,
  types: undefined,
  device: undefined,
  chat: undefined,
  seen: undefined,
  personal: false
}
const cursorOf = (position: bigint) => String(position)

/** Lets every fiber run until it waits for something that only this test can let happen. */
const settle = Effect.gen(function* () {
  for (let n = 0; n < 8; n++) yield* Effect.yieldNow
})

/**
 * A log to which events are appended one by one, its one reading, and one who follows. Whatever waits does so at a gate;
 * `choose` says which of so many goes on. Answers what was given, once nothing more can happen.
 */
const play = (
  choose: (options: number) => number,
  { events, isSlow }: { readonly events: number; readonly isSlow: boolean }
) =>
  Effect.gen(function* () {
    const gates = new Set<Later<void>>()
    const gate = Effect.suspend(() => {
      const later = new Later<void>()
      gates.add(later)
      return later.told
    })
    const log: Array<RecordedEvent> = []
    const tellable = ({ position }: RecordedEvent) => ({ cursor: cursorOf(position) }) as PublicEvent
    let hear: Hear | undefined
    let heard = 0
    const broadcast = yield* Broadcast.make(
      {
        listen: (given) =>
          Effect.map(gate, () => {
            hear = given
            heard = log.length
            return log.at(-1)?.position
          }),
        scan: (after, _, pick) =>
          Effect.gen(function* () {
            yield* gate
            const page = log.filter(({ position }) => after === undefined || position > after).slice(0, 2)
            const items = yield* Effect.forEach(page, pick)
            yield* gate
            return {
              items: items.filter((one) => one !== undefined),
              upTo: page.at(-1)?.position ?? after,
              hasMore: false
            }
          })
      },
      {
        about: () => Effect.as(gate, { type: "homing.message.sent.v1", device } as const),
        tell: (event) => Effect.as(gate, tellable(event))
      }
    )
    const given: Array<string> = []
    let pending = 0
    const outlet = {
      give: ({ event: { cursor } }: Frame) => {
        given.push(cursor)
        pending = isSlow ? 2 ** 21 : 0
      },
      show: () => {},
      mark: () => {},
      pendingBytes: () => pending,
      drained: Effect.suspend(() => {
        pending = 0
        return Effect.void
      }),
      isStuck: () => false,
      end: () => {},
      gone: Effect.never
    }
    yield* Effect.forkScoped(broadcast.follow(everything, outlet, () => {}))
    const hearing = Effect.gen(function* () {
      for (;;) {
        if (hear !== undefined && heard < log.length) yield* hear([log[heard++]!])
        yield* Effect.yieldNow
      }
    })
    yield* Effect.forkScoped(hearing)
    for (;;) {
      yield* settle
      const waiting = [...gates]
      const options = waiting.length + (log.length < events ? 1 : 0)
      if (options === 0) return given
      const chosen = waiting[choose(options)]
      if (chosen === undefined) log.push({ position: BigInt(log.length + 1) } as RecordedEvent)
      else {
        gates.delete(chosen)
        chosen.tell(Exit.void)
      }
    }
  }).pipe(Effect.scoped)

/** Every order in which it can happen, one after the other. */
const everyOrder = Effect.fnUntraced(function* (
  most: number,
  check: (choose: (options: number) => number) => Effect.Effect<void>
) {
  let path: Array<readonly [chosen: number, options: number]> = []
  for (let played = 1; played <= most; played++) {
    let step = 0
    yield* check((options) => {
      if (step === path.length) path.push([0, options])
      return path[step++]![0]
    })
    while (path.length > 0 && path.at(-1)![0] + 1 >= path.at(-1)![1]) path.pop()
    if (path.length === 0) return played
    const [chosen, options] = path.pop()!
    path = [...path, [chosen + 1, options]]
  }
  return most
})

const seeded = (seed: number) => (options: number) => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
  return (seed >>> 8) % options
}

describe("what is told to whoever follows", () => {
  it.live.each([false, true])(
    "has every event once and in order, whatever happens in which order; slow: %s",
    (isSlow) =>
      Effect.gen(function* () {
        const told = ["1", "2", "3", "4", "5"]
        const check = (events: number) => (choose: (options: number) => number) =>
          Effect.map(play(choose, { events, isSlow }), (given) => assert.deepStrictEqual(given, told.slice(0, events)))
        assert.isBelow(yield* everyOrder(3_000, check(isSlow ? 3 : 4)), 3_000)
        for (let seed = 1; seed <= 200; seed++) yield* check(5)(seeded(seed))
      })
  )
})
