import { Cause, Effect } from "effect"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { PublicEvents } from "../events/PublicEvents.ts"
import { type Follower, give, isBehind, isFull, wants } from "./Follower.ts"
import { Frame } from "./Frame.ts"

/** How many events that cannot be told are told of, each once. */
const mostTold = 1_000

/** Those who are told what comes by: at the head of the log, or on their way to it. */
export interface Audience {
  readonly followers: Pick<ReadonlySet<Follower>, "size" | "keys">
  /** All up to this event is about to be given to them, in the same step. */
  readonly passed: (position: bigint) => void
  /** More waits in its connection than may. */
  readonly full: (follower: Follower) => void
  /** It cannot be told what it wants. */
  readonly broken: (follower: Follower) => void
}

/** Stands for what could not be made. */
class Untellable {
  readonly defect: unknown
  constructor(defect: unknown) {
    this.defect = defect
  }
}
const tried = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A | Untellable, E, R> =>
  Effect.catchDefect(effect, (defect) => Effect.succeed(new Untellable(defect)))

/**
 * Makes an event once for those who may read what is personal and once for the others, and gives it to all who want it in
 * one step between two effects. What cannot be made ends those who want it, and nobody else. Answers whether somebody was
 * given it.
 */
export const make = ({ about, tell }: Pick<PublicEvents["Service"], "about" | "tell">) => {
  const told = new Set<string>()
  const complain = (event: RecordedEvent, { defect }: Untellable) =>
    Effect.suspend(() => {
      if (told.has(event.eventId) || told.size >= mostTold) return Effect.void
      told.add(event.eventId)
      return Effect.logError(
        "an event cannot be told; who follows it is cut",
        { event: event.eventId },
        Cause.die(defect)
      )
    })

  const frameOf = (event: RecordedEvent, personal: boolean) =>
    tried(Effect.map(tell(event, { personal }), (one) => one && new Frame(one)))

  return Effect.fnUntraced(function* (event: RecordedEvent, { broken, followers, full, passed }: Audience) {
    const { position } = event
    const found = followers.size === 0 ? undefined : yield* tried(about(event))
    const isWanted = (follower: Follower) =>
      found instanceof Untellable ? isBehind(follower.after, position) : wants(follower, position, found)
    const frames = new Map<boolean, Frame | Untellable | undefined>()
    const frameFor = ({ asked: { personal } }: Follower) => (found instanceof Untellable ? found : frames.get(personal))
    const lacking = () => {
      for (const follower of followers.keys()) {
        const { personal } = follower.asked
        if (!frames.has(personal) && isWanted(follower)) return personal
      }
      return undefined
    }
    if (!(found instanceof Untellable)) {
      for (let personal = lacking(); personal !== undefined; personal = lacking()) {
        frames.set(personal, yield* frameOf(event, personal))
      }
    }
    // one step from here on: whoever begins to listen is told how far this is either before or after it
    passed(position)
    let isGiven = false
    const failures: Array<Untellable> = []
    for (const follower of followers.keys()) {
      const frame = isWanted(follower) ? frameFor(follower) : undefined
      if (frame === undefined) continue
      try {
        if (frame instanceof Untellable) throw frame.defect
        give(follower, position, frame)
        isGiven = true
        if (isFull(follower)) full(follower)
      } catch (defect) {
        failures.push(new Untellable(defect))
        broken(follower)
      }
    }
    for (const failure of failures) yield* complain(event, failure)
    return isGiven
  })
}
export type Telling = ReturnType<typeof make>
