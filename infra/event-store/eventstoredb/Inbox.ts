import { Array, type Cause, Effect } from "effect"
import type { RecordedEvent } from "#domain/Recorded.ts"

/** How many events wait for one subscriber before the server is told to wait. */
export const inboxLimit = 4_096

/** Between a subscription that pushes and a reader that pulls. */
export const make = () => {
  let events: globalThis.Array<RecordedEvent> = []
  let failure: Cause.Cause<never> | undefined
  let waiting: (() => void) | undefined
  let emptied: (() => void) | undefined

  const wake = () => {
    const resume = waiting
    waiting = undefined
    resume?.()
  }

  const pull: Effect.Effect<Array.NonEmptyReadonlyArray<RecordedEvent>> = Effect.suspend(() => {
    const ready = events
    if (Array.isArrayNonEmpty(ready)) {
      events = []
      emptied?.()
      return Effect.succeed(ready)
    }
    if (failure !== undefined) return Effect.failCause(failure)
    return Effect.callback((resume) => {
      // Later in this turn of the loop, what arrived in the same packet is there too.
      waiting = () => setImmediate(() => resume(pull))
    })
  })

  return {
    /** Everything that is there, at once; waits while there is nothing. */
    pull,
    /** Whether there is room for more. */
    offer: (event: RecordedEvent): boolean => {
      events.push(event)
      wake()
      return events.length < inboxLimit
    },
    /** What comes after the events that are there. */
    fail: (cause: Cause.Cause<never>) => {
      failure = cause
      wake()
    },
    /** Calls `room` whenever the reader has taken what was there. */
    onEmptied: (room: (() => void) | undefined) => {
      emptied = room
    }
  }
}

export type Inbox = ReturnType<typeof make>
