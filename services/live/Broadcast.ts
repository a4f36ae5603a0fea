import { Effect, Exit } from "effect"
import { Later } from "#domain/Later.ts"
import type { Feed } from "../events/Feed.ts"
import type { Understood } from "../events/Filter.ts"
import type { PublicEvents } from "../events/PublicEvents.ts"
import * as CatchingUp from "./CatchingUp.ts"
import { type Follower, isBehind, type Place } from "./Follower.ts"
import type { Outlet } from "./Outlet.ts"
import * as Telling from "./Telling.ts"

/** Whoever is not at the head, and is told no more of the log, asks again so soon. */
const pause = "1 second"

/**
 * One reading of the log for all who follow it. At its head, an event is made once and given to everybody in the same
 * step. Whoever is behind is taken along by a reading of what lies there, and comes to the head in a step in which nothing
 * is given.
 */
export const make = Effect.fnUntraced(function* (
  feed: Pick<Feed["Service"], "listen" | "scan">,
  publicEvents: Pick<PublicEvents["Service"], "about" | "tell">
) {
  const listening = new Map<Follower, Later<CatchingUp.Outcome>>()
  const begun = new Later<void>()
  /** All up to here was given to everybody who listens. */
  let at: Place
  let heard = new Later<void>()

  const expel = (follower: Follower, outcome: CatchingUp.Outcome) => {
    const left = listening.get(follower)
    listening.delete(follower)
    left?.tell(Exit.succeed(outcome))
  }

  const telling = Telling.make(publicEvents)
  const audience: Telling.Audience = {
    followers: listening,
    passed: (position) => {
      at = position
      heard.tell(Exit.void)
      heard = new Later<void>()
    },
    full: (follower) => expel(follower, "left"),
    broken: (follower) => expel(follower, "broken")
  }
  const isAtHead = ({ after }: Follower) => !isBehind(after, at)
  const catchUp = yield* CatchingUp.make(feed, telling, isAtHead)

  yield* Effect.forkScoped(
    Effect.map(
      feed.listen((events) =>
        Effect.forEach(events, (event) => (isBehind(at, event.position) ? telling(event, audience) : Effect.void), {
          discard: true
        })
      ),
      (reached) => {
        if (isBehind(at, reached)) at = reached
        begun.tell(Exit.void)
      }
    )
  )

  /** As long as its connection takes what is given. */
  const listen = (follower: Follower) => {
    const left = new Later<CatchingUp.Outcome>()
    listening.set(follower, left)
    return left.told
  }

  return {
    /** Where whoever follows from now on begins. */
    head: Effect.map(begun.told, () => at),
    /** Ends when it cannot be told what it wants. `noted`: how far this follower is. */
    follow: Effect.fnUntraced(function* (asked: Understood, outlet: Outlet, noted: (place: () => Place) => void) {
      const follower: Follower = { asked, outlet, after: asked.after }
      yield* begun.told
      noted(() => (listening.has(follower) && isBehind(follower.after, at) ? at : follower.after))
      const turn = Effect.gen(function* () {
        yield* outlet.drained
        if (isAtHead(follower)) return yield* listen(follower)
        const { after } = follower
        const outcome = yield* catchUp(follower)
        if (follower.after === after && !isAtHead(follower)) yield* Effect.raceFirst(heard.told, Effect.sleep(pause))
        return outcome
      })
      yield* Effect.ensuring(
        Effect.repeat(turn, { until: (outcome) => outcome === "broken" }),
        Effect.sync(() => listening.delete(follower))
      )
    })
  }
})
