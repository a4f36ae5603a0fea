import { Effect, Exit, Semaphore } from "effect"
import { Later } from "#domain/Later.ts"
import { patiently } from "#domain/Patience.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { type Feed, matches } from "../events/Feed.ts"
import type { Understood } from "../events/Filter.ts"
import type { About, PublicEvents } from "../events/PublicEvents.ts"
import { Frame } from "./Frame.ts"
import type { Outlet } from "./Outlet.ts"

/** Who is behind reads so many events at a time … */
const pageSize = 32
/** … and so many of them read at once: each costs the store what a page of `GET /v1/events` does. */
const mostReading = 4
/** What is kept for somebody who still reads; whoever takes longer begins his last stretch again. */
const mostKept = 256
/** Whoever is given more than his connection takes is behind, and reads on by himself when it has drained. */
const mostPendingBytes = 1024 * 1024

/** `undefined`: nothing yet. */
type Place = bigint | undefined
const isBehind = (place: Place, other: bigint) => place === undefined || place < other

interface Follower {
  readonly asked: Understood
  readonly outlet: Outlet
  /** Up to here all that is wanted was given. */
  after: Place
  /** What came while the rest was still read; `undefined` at the head of the log. */
  kept: Array<readonly [position: bigint, frame: Frame]> | undefined
  /** It is given what comes no more, and has to read. */
  left: Later<void>
}

/**
 * One reading of the log for all who follow it. At its head, an event is made once and given to everybody in the same
 * step. Whoever is behind reads for himself, and what comes meanwhile is kept for him: he takes no step between the last
 * that he read and the first that he is given.
 */
export const make = Effect.fnUntraced(function* (
  feed: Pick<Feed["Service"], "listen" | "read">,
  { about, tell }: PublicEvents["Service"]
) {
  const reading = yield* Semaphore.make(mostReading)
  const listening = new Set<Follower>()
  const begun = new Later<void>()
  /** All up to here was given to everybody who listens. */
  let at: Place

  const wants = (follower: Follower, position: bigint, found: About | undefined) =>
    isBehind(follower.after, position) && matches(follower.asked, found)

  const expel = (follower: Follower) => {
    listening.delete(follower)
    follower.left.tell(Exit.void)
  }

  const give = (follower: Follower, position: bigint, frame: Frame) => {
    if (follower.kept !== undefined) {
      follower.kept.push([position, frame])
      if (follower.kept.length > mostKept) expel(follower)
      return
    }
    follower.after = position
    follower.outlet.give(frame)
    if (follower.outlet.pendingBytes() > mostPendingBytes) expel(follower)
  }

  const lacking = (position: bigint, found: About | undefined, made: ReadonlyMap<boolean, Frame>) => {
    for (const follower of listening) {
      if (!made.has(follower.asked.personal) && wants(follower, position, found)) return follower.asked.personal
    }
    return undefined
  }

  const hearOne = Effect.fnUntraced(function* (event: RecordedEvent) {
    const { position } = event
    const found = listening.size === 0 ? undefined : yield* about(event)
    const frames = new Map<boolean, Frame>()
    for (let personal = lacking(position, found, frames); personal !== undefined; ) {
      const told = yield* tell(event, { personal })
      if (told !== undefined) frames.set(personal, new Frame(told))
      personal = told && lacking(position, found, frames)
    }
    // one step from here on: whoever begins to listen is told how far this is either before or after it
    at = position
    for (const follower of listening) {
      const frame = frames.get(follower.asked.personal)
      if (frame !== undefined && wants(follower, position, found)) give(follower, position, frame)
    }
  })

  yield* Effect.forkScoped(
    Effect.map(
      feed.listen((events) =>
        Effect.forEach(events, (event) => (isBehind(at, event.position) ? hearOne(event) : Effect.void), {
          discard: true
        })
      ),
      (reached) => {
        if (reached !== undefined && isBehind(at, reached)) at = reached
        begun.tell(Exit.void)
      }
    )
  )

  const readTo = Effect.fnUntraced(function* (follower: Follower, end: Place) {
    const { asked, outlet } = follower
    while (end !== undefined && isBehind(follower.after, end)) {
      const page = feed.read({ ...asked, after: follower.after, limit: pageSize, waitMs: 0 })
      const { items, upTo } = yield* Effect.orDie(Effect.retry(reading.withPermits(1)(page), patiently))
      for (const item of items) outlet.give(new Frame(item))
      follower.after = upTo
      yield* outlet.drained
    }
  })

  /** Unless too much was kept: then all of it is read. */
  const arrive = (follower: Follower) => {
    const { kept = [] } = follower
    follower.kept = undefined
    if (!listening.has(follower)) return
    for (const [position, frame] of kept) {
      if (listening.has(follower) && isBehind(follower.after, position)) give(follower, position, frame)
    }
  }

  return {
    /** Where whoever follows from now on begins. */
    head: Effect.map(begun.told, () => at),
    /** How far this follower is. */
    follow: Effect.fnUntraced(function* (asked: Understood, outlet: Outlet, noted: (place: () => Place) => void) {
      const follower: Follower = { asked, outlet, after: asked.after, kept: undefined, left: new Later<void>() }
      yield* begun.told
      noted(() =>
        listening.has(follower) && follower.kept === undefined && at !== undefined && isBehind(follower.after, at)
          ? at
          : follower.after
      )
      const turn = Effect.gen(function* () {
        yield* outlet.drained
        follower.kept = []
        follower.left = new Later<void>()
        listening.add(follower)
        yield* readTo(follower, at)
        arrive(follower)
        yield* follower.left.told
      })
      return yield* Effect.ensuring(
        Effect.forever(turn),
        Effect.sync(() => listening.delete(follower))
      )
    })
  }
})
