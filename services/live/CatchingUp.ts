import { Cause, Effect, Exit } from "effect"
import { Later } from "#domain/Later.ts"
import { patiently } from "#domain/Patience.ts"
import type { Feed } from "../events/Feed.ts"
import { type Follower, isBehind } from "./Follower.ts"
import type { Telling } from "./Telling.ts"

/** So many events are given in one go … */
const pageSize = 32
/** … and so many readings go on at once: each costs the store what a page of `GET /v1/events` does. */
const mostReadings = 4
/** Whoever has more than this in his connection after a page is waited for … */
const pageBytes = 128 * 1024
/** … so long. Then the others go on without him. */
const patience = "100 millis"

/** Nothing more is given here: the head is reached, or the connection is full, or the log tells no more for now. */
export type Outcome = "left" | "broken"

interface Way {
  readonly over: Later<Outcome>
  /** Where he is: among those who wait, or those of one reading. */
  among: Set<Follower>
}

const furthest = (followers: Iterable<Follower>): Follower | undefined => {
  let found: Follower | undefined
  for (const one of followers) if (found === undefined || isBehind(one.after, found.after)) found = one
  return found
}

/**
 * Readings of what lies behind the head, shared: a reading takes along whoever waits at a place that it comes by, and is given
 * there what it gives to all. One begins with whoever is furthest behind, so that each stretch of the log is read for all who
 * lack it; the others with whoever has waited longest, so that nobody waits for the whole log. `isThere`: he is at the head.
 */
export const make = Effect.fnUntraced(function* (
  { scan }: Pick<Feed["Service"], "scan">,
  telling: Telling,
  isThere: (follower: Follower) => boolean
) {
  const scope = yield* Effect.scope
  const ways = new Map<Follower, Way>()
  const waiting = new Set<Follower>()
  let readings = 0
  let isDeep = false

  const move = (follower: Follower, to: Set<Follower>) => {
    const way = ways.get(follower)!
    way.among.delete(follower)
    way.among = to
    to.add(follower)
  }
  const leave = (follower: Follower, outcome: Outcome) => {
    const way = ways.get(follower)
    way?.among.delete(follower)
    way?.over.tell(Exit.succeed(outcome))
  }

  const read = Effect.fnUntraced(function* (first: Follower, company: Set<Follower>) {
    let place = first.after
    const audience = {
      followers: company,
      passed: () => {},
      full: (follower: Follower) => leave(follower, "left"),
      broken: (follower: Follower) => leave(follower, "broken")
    }
    while (company.size > 0) {
      const start = place
      let passed = start
      /** Whoever lacks nothing of what was passed, and what comes next. */
      const takeAlong = (until: bigint) => {
        for (const one of waiting) if (!isBehind(one.after, passed) && isBehind(one.after, until)) move(one, company)
        passed = until
      }
      const page = scan(start, pageSize, (event) => {
        takeAlong(event.position)
        return Effect.map(telling(event, audience), (isGiven) => isGiven || undefined)
      })
      const { upTo } = yield* Effect.retry(page, patiently)
      const isStill = upTo === undefined || !isBehind(start, upTo)
      if (!isStill) takeAlong(upTo)
      for (const one of company) {
        if (isBehind(one.after, upTo)) one.after = upTo
        if (isStill || isThere(one)) leave(one, "left")
      }
      place = upTo
      const late = [...company].filter(({ outlet }) => outlet.pendingBytes() > pageBytes)
      if (late.length === 0) continue
      const drained = Effect.forEach(late, ({ outlet }) => outlet.drained, { concurrency: "unbounded", discard: true })
      yield* Effect.timeoutOption(drained, patience)
      for (const one of late) if (one.outlet.pendingBytes() > pageBytes) leave(one, "left")
    }
  })

  const begin = (first: Follower, deep: boolean): Effect.Effect<void> => {
    const company = new Set<Follower>()
    move(first, company)
    readings++
    if (deep) isDeep = true
    return read(first, company).pipe(
      Effect.catchCause((cause) => {
        for (const one of company) leave(one, "broken")
        return Cause.hasInterruptsOnly(cause)
          ? Effect.void
          : Effect.logError("the log cannot be read on; who follows there is cut", cause)
      }),
      Effect.ensuring(
        Effect.suspend(() => {
          readings--
          if (deep) isDeep = false
          return serve
        })
      )
    )
  }

  const serve: Effect.Effect<void> = Effect.suspend(() => {
    if (readings >= mostReadings || waiting.size === 0) return Effect.void
    const deep = !isDeep
    const [longest] = waiting
    const reading = begin(deep ? furthest(waiting)! : longest!, deep)
    return Effect.andThen(Effect.forkIn(reading, scope), serve)
  })

  /** Gives what he lacks, until he is at the head or has to wait for his connection. */
  return (follower: Follower): Effect.Effect<Outcome> =>
    Effect.suspend(() => {
      const way: Way = { over: new Later<Outcome>(), among: waiting }
      ways.set(follower, way)
      waiting.add(follower)
      return Effect.ensuring(
        Effect.andThen(serve, way.over.told),
        Effect.sync(() => {
          way.among.delete(follower)
          ways.delete(follower)
        })
      )
    })
})
