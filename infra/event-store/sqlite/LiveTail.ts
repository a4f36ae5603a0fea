import { Array, Effect, Stream } from "effect"
import { categoryOf } from "#domain/Ids.ts"
import { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"

type Events = Array.NonEmptyReadonlyArray<RecordedEvent>

/** A stretch of the log. `upTo`: everything up to here has been looked at; `last`: and nothing stands behind it yet. */
export interface Page {
  readonly events: ReadonlyArray<RecordedEvent>
  readonly upTo: bigint
  readonly last: boolean
}

/** Throws when the log cannot be read. Synchronous: whatever is committed later is heard live. */
export type ReadPage = (categories: ReadonlyArray<string>, after: bigint) => Page

/** How many events wait for one subscriber before it is sent back to the pages. */
export const queueLimit = 4_096

/**
 * Subscribers catch up page by page, then are handed the committed batches themselves: nothing just written is read
 * and decoded again. One that falls behind loses its queue and catches up from where it stands.
 */
export const liveTail = (readPage: ReadPage) => {
  const followers = new Set<Follower>()
  return {
    /** To be called with every committed batch, in the log's order. */
    publish: (events: ReadonlyArray<RecordedEvent>) => {
      // Waking runs a follower at once, and what it does may start others: by then all must have been offered this batch.
      for (const follower of followers) follower.offer(events)
      for (const follower of followers) follower.wake()
    },

    subscribe: (categories: ReadonlyArray<string>, after: bigint, passed?: (position: bigint) => void) =>
      Stream.unwrap(
        Effect.map(
          Effect.acquireRelease(
            Effect.sync(() => {
              const follower = follow(readPage, categories, after, passed)
              followers.add(follower)
              return follower
            }),
            (follower) => Effect.sync(() => followers.delete(follower))
          ),
          ({ pull }) => Stream.fromPull(Effect.succeed(pull))
        )
      )
  }
}

interface Follower {
  readonly offer: (events: ReadonlyArray<RecordedEvent>) => void
  readonly wake: () => void
  readonly pull: Effect.Effect<Events, EventStoreUnavailable>
}

const follow = (
  readPage: ReadPage,
  categories: ReadonlyArray<string>,
  after: bigint,
  passed: (position: bigint) => void = () => {}
): Follower => {
  const wanted = new Set(categories)
  let position = after
  let live: Array<Events> | undefined // undefined while catching up: the pages will show what is committed meanwhile
  let queued = 0
  let waiting: (() => void) | undefined

  const nextPage = () => {
    const page = readPage(categories, position)
    position = page.upTo
    if (page.last) {
      live = [] // in the same step as the reading, or a commit could slip between
      queued = 0
    }
    return page.events
  }

  const catchUp = Effect.try({
    try: nextPage,
    catch: (cause) => new EventStoreUnavailable({ written: "no", cause })
  }).pipe(
    Effect.flatMap((events) =>
      Array.isReadonlyArrayNonEmpty(events)
        ? Effect.succeed(events)
        : live === undefined
          ? Effect.andThen(Effect.yieldNow, pull)
          : pull
    )
  )

  const pull: Follower["pull"] = Effect.suspend(() => {
    passed(position)
    if (live === undefined) return catchUp
    // all that waits at once: whoever is slower than the commits then works on fewer, larger arrays
    const events = live.length === 1 ? live[0]! : live.flat()
    if (!Array.isReadonlyArrayNonEmpty(events)) {
      return Effect.callback((resume) => {
        waiting = () => resume(pull)
      })
    }
    live = []
    queued = 0
    position = Array.lastNonEmpty(events).position
    return Effect.succeed(events)
  })

  return {
    pull,
    offer: (events) => {
      if (live === undefined) return
      const matching = events.filter(({ stream }) => wanted.has(categoryOf(stream)))
      if (!Array.isReadonlyArrayNonEmpty(matching)) return
      queued += matching.length
      if (queued > queueLimit) live = undefined
      else live.push(matching)
    },
    wake: () => {
      if (live?.length === 0) return
      const resume = waiting
      waiting = undefined
      resume?.()
    }
  }
}
