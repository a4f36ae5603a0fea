import { Array, Cause, Effect, Stream } from "effect"
import { categoryOf } from "#domain/Ids.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { Wanted } from "./Subscriptions.ts"

type Events = Array.NonEmptyReadonlyArray<RecordedEvent>

/** How many events wait for one subscriber before it goes back to a subscription of its own. */
export const tailLimit = 4_096

/**
 * A process follows the log many times over: views, waits, the dispatcher. Each catches up by a
 * subscription of its own; from the first event that it meets in the shared one on, it lives from that, where the server
 * sends and this process decodes every event once.
 */
export const sharedTail = Effect.fnUntraced(function* <E, E2>(
  open: (wanted: Wanted) => Stream.Stream<RecordedEvent, E>,
  head: Effect.Effect<bigint | undefined, E2>
) {
  const followers = new Set<Follower>()
  const everyone = (tell: (follower: Follower) => void) =>
    Effect.sync(() => {
      for (const follower of [...followers]) tell(follower)
    })
  const isWanted = (category: string) => [...followers].some((follower) => follower.wants(category))
  yield* Stream.runForEachArray(open({ categories: isWanted, after: yield* head }), (events) =>
    everyone((follower) => follower.offer(events))
  ).pipe(
    Effect.catchCause((cause) => everyone((follower) => follower.fail(Cause.die(Cause.squash(cause))))),
    Effect.forkScoped
  )

  const subscribe = (categories: ReadonlyArray<string>, after: bigint | undefined): Stream.Stream<RecordedEvent, E> =>
    Stream.unwrap(
      Effect.map(
        Effect.acquireRelease(
          Effect.sync(() => {
            const follower = follow(categories)
            followers.add(follower)
            return follower
          }),
          (follower) => Effect.sync(() => followers.delete(follower))
        ),
        (follower) => {
          let last = after
          const meets = ({ position }: RecordedEvent) => {
            last = position
            return follower.meet(position)
          }
          const own = Stream.takeUntil(open({ categories, after }), meets)
          const shared = Stream.fromPull(
            Effect.succeed(
              Effect.map(follower.pull, (events) => {
                last = Array.lastNonEmpty(events).position
                return events
              })
            )
          )
          const again = Stream.suspend(() => subscribe(categories, last))
          return own.pipe(Stream.concat(shared), Stream.concat(again))
        }
      )
    )
  return ({ after, categories }: { readonly categories: ReadonlyArray<string>; readonly after: bigint | undefined }) =>
    subscribe(categories, after)
})

type Follower = ReturnType<typeof follow>

const follow = (categories: ReadonlyArray<string>) => {
  const wanted = new Set(categories)
  let waiting: Array<RecordedEvent> = []
  /** Up to here its own subscription has told everything, once both have met. */
  let met: bigint | undefined
  let late = false
  let failure: Cause.Cause<never> | undefined
  let wake: (() => void) | undefined
  const woken = () => {
    const resume = wake
    wake = undefined
    resume?.()
  }

  const pull: Effect.Effect<Events, Cause.Done> = Effect.suspend(() => {
    if (failure !== undefined) return Effect.failCause(failure)
    if (late) return Cause.done()
    const events = waiting
    if (Array.isArrayNonEmpty(events)) {
      waiting = []
      return Effect.succeed(events)
    }
    return Effect.callback((resume) => {
      wake = () => resume(pull)
    })
  })

  return {
    wants: (category: string) => wanted.has(category),
    /** Ends when it has fallen too far behind. */
    pull,
    offer: (events: ReadonlyArray<RecordedEvent>) => {
      for (const event of events) {
        if (wanted.has(categoryOf(event.stream)) && (met === undefined || event.position > met)) waiting.push(event)
      }
      if (waiting.length > tailLimit) {
        waiting = []
        late = met !== undefined // before, its own subscription is still on the way
      }
      if (waiting.length > 0 || late) woken()
    },
    /** Whether everything after this position comes by the shared subscription; then what is before it is dropped. */
    meet: (position: bigint): boolean => {
      if (waiting.length === 0 || waiting[0]!.position > position) return false
      met = position
      waiting = waiting.filter((event) => event.position > position)
      return true
    },
    fail: (cause: Cause.Cause<never>) => {
      failure = cause
      woken()
    }
  }
}
