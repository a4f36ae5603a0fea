import { Array, Context, Effect, Exit, Layer, Option } from "effect"
import { categories } from "#domain/Aggregates.ts"
import { Client } from "#domain/access/Client.ts"
import { Login } from "#domain/access/Login.ts"
import { categoryOf, type DeviceId } from "#domain/Ids.ts"
import { Later } from "#domain/Later.ts"
import { patiently } from "#domain/Patience.ts"
import { EventStore, type EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { PublicType } from "../api/PublicTypes.ts"
import { WaitsFull } from "../messages/Messages.ts"
import * as Subscription from "../runtime/Subscription.ts"
import { observe } from "../telemetry/Metrics.ts"
import { inForce, Views } from "../views/Views.ts"
import type { FollowedChat } from "./FollowedChat.ts"
import { type About, type PublicEvent, PublicEvents, type TellingUnavailable } from "./PublicEvents.ts"
import { type Read, reading } from "./Reading.ts"

export interface Asked {
  /** What was told up to here; `undefined`: nothing yet. */
  readonly after: bigint | undefined
  /** Only these, if any are named. */
  readonly types: ReadonlySet<PublicType> | undefined
  readonly device: string | undefined
  readonly chat: FollowedChat | undefined
  /** Whoever asks sees these alone, if they do not see all. */
  readonly seen: ReadonlySet<DeviceId> | undefined
  readonly limit: number
  /** How long the answer may wait for the first, in milliseconds. */
  readonly waitMs: number
  /** Whether numbers, names and texts may be told. */
  readonly personal: boolean
}

export type Hear = (events: ReadonlyArray<RecordedEvent>) => Effect.Effect<void, TellingUnavailable>

const decided: ReadonlyArray<string> = [Client.category, Login.category]
const isDecision = ({ stream }: RecordedEvent) => decided.includes(categoryOf(stream))

/**
 * The log as the outside may follow it: in its order, without gap or repetition. Nothing is told before all that the log
 * decided about keys before it is in force here: whoever tells it asks then who may hear it.
 */
export class Feed extends Context.Service<
  Feed,
  {
    /** What stands behind `after`, and where to go on. In a long stretch of the log none may match, and there still be more. */
    readonly read: (asked: Asked) => Effect.Effect<Read<PublicEvent>, WaitsFull | TellingUnavailable>
    /** What `pick` takes of what stands behind `after`, and where to go on, as `read` does. */
    readonly scan: <Item, E>(
      after: bigint | undefined,
      limit: number,
      pick: (event: RecordedEvent) => Effect.Effect<Item | undefined, E>
    ) => Effect.Effect<Read<Item>, E | EventStoreUnavailable>
    /**
     * Hears from now on what this process reads of the log, in its order: more than once where it failed to hear it.
     * Answers how far the reading is, behind which nothing is missed; waits while it has not begun.
     */
    readonly listen: (hear: Hear) => Effect.Effect<bigint | undefined>
    /** Answers all who wait with nothing; later ones do not wait. For a shutdown. */
    readonly releaseWaits: Effect.Effect<void>
  }
>()("homing/services/events/Feed") {}

export type Wanted = Pick<Asked, "types" | "device" | "chat" | "seen" | "personal">
/** To be asked of each event behind a place, in order: whoever follows a chat learns its names by it. */
export const matches = ({ chat, device, personal, seen, types }: Wanted, about: About | undefined): boolean =>
  about !== undefined &&
  (chat === undefined || chat.has(about)) &&
  (types === undefined || types.has(about.type)) &&
  (device === undefined || device === about.device) &&
  (about.device === undefined ? personal : seen === undefined || seen.has(about.device))

/** `mostWaiting`: how many may wait at once, in one process; each costs a look at every event. */
export const layer = ({ mostWaiting }: { readonly mostWaiting: number }) =>
  Layer.effect(
    Feed,
    Effect.gen(function* () {
      const store = yield* EventStore
      const views = yield* Views
      const { about, tell } = yield* PublicEvents
      /** Whoever waits, with what they wait for. One reader of the log wakes them all. */
      const ears = new Map<Later<void>, Wanted>()
      let waiting = 0
      let released = false

      observe("homing_event_waits_open", "Requests that wait for events.", () => waiting)

      const listeners = new Set<Hear>()
      const begun = new Later<void>()
      let reached: bigint | undefined

      const wake = Effect.fnUntraced(function* (events: Array.NonEmptyReadonlyArray<RecordedEvent>) {
        const decision = Array.findLast(events, isDecision)
        if (Option.isSome(decision)) yield* inForce(views, decision.value.position)
        reached = events[events.length - 1]!.position // first: who listens from now on hears what is behind these
        if (ears.size > 0) {
          for (const event of events) {
            const found = yield* Effect.catchDefect(about(event), () => Effect.succeed("unreadable" as const))
            // what cannot be read is for whoever waits to stumble over, and keeps nothing from the others
            for (const [ear, wanted] of ears) if (found === "unreadable" || matches(wanted, found)) ear.tell(Exit.void)
          }
        }
        // whoever cannot hear it now hears it again, and keeps it from nobody else
        const heard = yield* Effect.forEach([...listeners], (hear) => Effect.exit(hear(events)))
        yield* Exit.asVoidAll(heard)
      })
      const follow = (after: bigint | undefined) => {
        reached = after
        begun.tell(Exit.void)
        return Subscription.follow({ name: "events", categories, after, handle: wake })
      }
      const head = yield* Effect.option(store.head) // before the first request: what comes later is heard
      const patient = Effect.flatMap(Effect.retry(store.head, patiently), follow)
      yield* Effect.forkScoped(Option.isSome(head) ? follow(head.value) : patient)

      const read: ReturnType<typeof reading> = (after, limit, pick) =>
        reading(store)(after, limit, (event) =>
          isDecision(event) ? Effect.andThen(inForce(views, event.position), pick(event)) : pick(event)
        )
      const look = ({ after, limit, ...wanted }: Asked) =>
        read(after, limit, (event) =>
          Effect.flatMap(about(event), (found) =>
            matches(wanted, found) ? tell(event, wanted) : Effect.succeed(undefined)
          )
        )

      /** Listens before it looks: what comes meanwhile is heard. */
      const wait = Effect.fnUntraced(function* (asked: Asked) {
        const ends = performance.now() + asked.waitMs
        for (let { after } = asked; ; ) {
          const heard = new Later<void>()
          const left = ends - performance.now()
          const found = yield* Effect.acquireUseRelease(
            Effect.sync(() => ears.set(heard, asked)),
            () =>
              Effect.tap(look({ ...asked, after }), ({ hasMore, items }) =>
                items.length > 0 || hasMore || released ? Effect.void : Effect.timeoutOption(heard.told, left)
              ),
            () => Effect.sync(() => ears.delete(heard))
          )
          after = found.upTo
          if (found.items.length > 0 || found.hasMore || released || performance.now() >= ends) return found
        }
      })

      return {
        read: (asked) =>
          Effect.suspend((): ReturnType<Feed["Service"]["read"]> => {
            if (asked.waitMs === 0 || released) return look(asked)
            if (waiting >= mostWaiting) return Effect.fail(new WaitsFull({ retryAfterSeconds: 5 }))
            waiting++
            return Effect.ensuring(
              wait(asked),
              Effect.sync(() => waiting--)
            )
          }),
        scan: read,
        listen: (hear) =>
          Effect.map(begun.told, () => {
            listeners.add(hear)
            return reached
          }),
        releaseWaits: Effect.sync(() => {
          released = true
          for (const ear of ears.keys()) ear.tell(Exit.void)
        })
      }
    })
  )
