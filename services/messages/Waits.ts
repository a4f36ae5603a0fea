import { Context, Effect, Layer } from "effect"
import type { StreamId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as Subscription from "../runtime/Subscription.ts"
import { messageRecorded, observe } from "../telemetry/Metrics.ts"

/** One open request's ear on a stream. Opened before the command runs, so an answer that comes first is not missed. */
export interface Wait {
  /** What was recorded since, in order. */
  readonly heard: ReadonlyArray<RecordedEvent>
  /** Called on each further event. */
  onEvent: ((event: RecordedEvent) => void) | undefined
  /** Called once when waiting shall end, whatever is known. */
  onRelease: (() => void) | undefined
  readonly close: () => void
}

/** Open requests by stream. They wake on what the log says, whichever process recorded it. */
export class Waits extends Context.Service<
  Waits,
  {
    readonly open: (stream: StreamId) => Wait
    /** How many are open. */
    readonly size: () => number
    readonly releaseAll: Effect.Effect<void>
    readonly released: () => boolean
  }
>()("homing/services/messages/Waits") {}

export const layer = Layer.effect(
  Waits,
  Effect.gen(function* () {
    const store = yield* EventStore
    const waits = new Map<StreamId, Set<OpenWait>>()
    let released = false
    let size = 0

    class OpenWait implements Wait {
      readonly heard: Array<RecordedEvent> = []
      onEvent: Wait["onEvent"] = undefined
      onRelease: Wait["onRelease"] = undefined
      readonly stream: StreamId
      constructor(stream: StreamId) {
        this.stream = stream
        size++
      }
      close() {
        const open = waits.get(this.stream)
        if (open?.delete(this)) size--
        if (open?.size === 0) waits.delete(this.stream)
      }
    }

    const tell = (event: RecordedEvent) => {
      messageRecorded(event.type)
      for (const wait of waits.get(event.stream) ?? []) {
        wait.heard.push(event)
        wait.onEvent?.(event)
      }
    }

    observe("homing_waits_open", "Requests that wait for a confirmation.", () => size)

    const after = yield* store.head // before the first request: what it adds is heard
    yield* Effect.forkScoped(
      Subscription.follow({
        name: "waits",
        categories: ["message"],
        after,
        handle: (events) =>
          Effect.sync(() => {
            for (const event of events) tell(event)
          })
      })
    )

    return {
      open: (stream) => {
        const wait = new OpenWait(stream)
        const open = waits.get(stream)
        if (open === undefined) waits.set(stream, new Set([wait]))
        else open.add(wait)
        return wait
      },
      size: () => size,
      released: () => released,
      releaseAll: Effect.sync(() => {
        released = true
        for (const open of [...waits.values()]) for (const wait of [...open]) wait.onRelease?.()
      })
    }
  })
)
