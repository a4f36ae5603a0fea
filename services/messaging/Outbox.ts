import { Array, Effect, FiberHandle } from "effect"
import { Crypto } from "#domain/ports/Crypto.ts"
import { Steps } from "#domain/ports/Steps.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { lowest } from "../projections/Progress.ts"
import { partitionOf } from "../runtime/Partitions.ts"
import * as Subscription from "../runtime/Subscription.ts"
import { type Derived, deviceOf, orders } from "./Orders.ts"

/** Those who begin together, as when a process takes its share, are waited for: each would begin the reading anew. */
const gathering = "10 millis"
/** How many events are opened at a time: their keys are fetched together. */
const openedTogether = 16

/** One partition's place in the log. */
export interface Reader {
  readonly partition: number
  /** Everything up to here has been handed to it. Only `take` moves it. */
  readonly handed: () => bigint | undefined
  /**
   * Begins to issue what concerns it of the `count` events after `handed` and up to `last`: perhaps nothing. Takes its time
   * while too much is under way.
   */
  readonly take: (derived: ReadonlyArray<Derived>, last: bigint, count: number) => Effect.Effect<void>
}

/** What stands in the log when a reading begins: what became of a message may stand there too. */
export interface Backlog {
  /** Up to where `isOpen` knows, at the least. */
  readonly head: Effect.Effect<bigint | undefined>
  readonly isOpen: (message: string) => boolean
}

/**
 * Reads the log once for all partitions that this process holds, from where the one furthest behind stands. An array is
 * handed out in one piece and after all of its orders are derived: when that fails, it is read again, and nothing was
 * handed out of it. What has been settled is not handed out: a checkpoint may be far behind, or lost.
 */
export const make = Effect.fnUntraced(function* (partitions: number, backlog: Backlog) {
  const orderOf = orders(yield* Crypto, yield* SubjectKeys)
  const step = yield* Steps
  const readers = new Map<number, Reader>()
  const reading = yield* FiberHandle.make<never, never>()

  const derive = (event: RecordedEvent) =>
    orderOf(event, 1).pipe(
      Effect.catchTag("Unreadable", ({ reason }) =>
        Effect.as(Effect.logError("a command cannot be issued: its content is unreadable", { reason }), undefined)
      )
    )

  const isBehind = (reader: Reader, position: bigint) => {
    const handed = reader.handed()
    return readers.get(reader.partition) === reader && (handed === undefined || handed < position)
  }

  const read = Effect.gen(function* () {
    const head = yield* backlog.head
    const isSettled = ({ position, stream, type }: RecordedEvent) =>
      type === "message.queued.v1" &&
      head !== undefined &&
      position <= head &&
      !backlog.isOpen(stream.slice("message-".length))
    // Whoever joins later was not handed what came before: it takes part in the next reading, which replaces this one.
    const present = new Map(readers)

    const isNews = (event: RecordedEvent) => {
      const device = deviceOf(event)
      const reader = device === undefined ? undefined : present.get(partitionOf(device, partitions))
      return reader !== undefined && isBehind(reader, event.position) && !isSettled(event)
    }

    const handle = Effect.fnUntraced(function* (events: Array.NonEmptyReadonlyArray<RecordedEvent>) {
      if (events.some(({ type }) => type === "message.queued.v1")) step("gateway.queued")
      const derived = yield* Effect.forEach(events.filter(isNews), derive, { concurrency: openedTogether })
      const byPartition = Map.groupBy(
        derived.filter((one) => one !== undefined),
        ({ device }) => partitionOf(device, partitions)
      )
      const { position } = Array.lastNonEmpty(events)
      for (const reader of present.values()) {
        if (!isBehind(reader, position)) continue
        yield* reader.take(byPartition.get(reader.partition) ?? [], position, events.length)
      }
    })

    const after = lowest([...present.values()].map(({ handed }) => handed()))
    return yield* Subscription.follow({ name: "dispatcher", categories: ["message", "device"], after, handle })
  })

  return {
    /** Hands orders to this reader until the scope closes. */
    join: (reader: Reader) =>
      Effect.andThen(
        Effect.acquireRelease(
          Effect.sync(() => readers.set(reader.partition, reader)),
          () => Effect.sync(() => readers.delete(reader.partition))
        ),
        FiberHandle.run(reading, Effect.andThen(Effect.sleep(gathering), read))
      )
  }
})
