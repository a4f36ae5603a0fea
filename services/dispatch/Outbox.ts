import { Array, Effect, FiberHandle } from "effect"
import { Message } from "#domain/message/Message.ts"
import { patiently } from "#domain/Patience.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore, type EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import { Steps } from "#domain/ports/Steps.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { partitionOf } from "../runtime/Partitions.ts"
import * as Subscription from "../runtime/Subscription.ts"
import type { Mark } from "../tables/Positions.ts"
import type { Order } from "../transports/Transport.ts"
import { lowest } from "../views/Progress.ts"
import { deviceOf, isQueued, orders } from "./Orders.ts"
import type * as Withheld from "./Withheld.ts"

/** Those who begin together, as when a process takes its share, are waited for: each would begin the reading anew. */
const gathering = "10 millis"
/** How many events are opened at a time: their keys are fetched together. */
const openedTogether = 16

/** One partition's place in the log. */
export interface Reader {
  readonly partition: number
  /** The log's head when this process took the partition: nobody has issued what stands behind it. */
  readonly begun: bigint | undefined
  /** Everything up to here has been handed to it. Only `take` moves it. */
  readonly handed: () => bigint | undefined
  /**
   * Begins to issue what concerns it of the `count` events after `handed` and up to `last`: perhaps nothing. Takes its time
   * while too much is under way.
   */
  readonly take: (orders: ReadonlyArray<Order>, last: Mark, count: number) => Effect.Effect<void>
}

/** What is known of the messages in the log: what became of one may stand behind it. */
export interface Backlog {
  /** Waits until all of the log is known as it is now, and answers where it ends; `undefined` when that takes too long. */
  readonly head: Effect.Effect<bigint | undefined>
  /** Up to where it is known. */
  readonly position: Effect.Effect<bigint | undefined>
  /** Whether no agent has said yet what became of a message that is known. */
  readonly isUnanswered: (message: string) => boolean
  /** The event before the oldest of them, if there is one; `undefined` in it: nobody knows which. */
  readonly oldest: () => { readonly before: bigint | undefined } | undefined
  /** Of every device, the event that says what it is to be. */
  readonly devices: Effect.Effect<ReadonlyArray<RecordedEvent>, EventStoreUnavailable>
}

/**
 * Reads the log once for all partitions that this process holds, from where the one furthest behind stands. An array is
 * handed out in one piece and after all of its orders are derived: when that fails, it is read again, and nothing was
 * handed out of it. What has been settled is not handed out: a checkpoint may be far behind, or lost.
 */
export const make = Effect.fnUntraced(function* (
  partitions: number,
  backlog: Backlog,
  { isOver, withhold }: Withheld.Withheld
) {
  const orderOf = orders(yield* Crypto, yield* SubjectKeys)
  const step = yield* Steps
  const readers = new Map<number, Reader>()
  const reading = yield* FiberHandle.make<never, never>()

  const derive = Effect.fnUntraced(function* (event: RecordedEvent, issued: boolean) {
    if (issued && (yield* isOver(event))) return undefined
    return yield* Effect.catchTag(orderOf(event, 1), "Unreadable", (unreadable) =>
      Effect.as(withhold(event, unreadable, issued), undefined)
    )
  })

  const deriveAll = (events: ReadonlyArray<RecordedEvent>, wasIssued: (event: RecordedEvent) => boolean) =>
    Effect.map(
      Effect.forEach(events, (event) => derive(event, wasIssued(event)), { concurrency: openedTogether }),
      (derived) =>
        Map.groupBy(
          derived.filter((one) => one !== undefined),
          ({ device }) => partitionOf(device, partitions)
        )
    )

  const isBehind = (reader: Reader, position: bigint) => {
    const handed = reader.handed()
    return readers.get(reader.partition) === reader && (handed === undefined || handed < position)
  }

  const read = Effect.gen(function* () {
    // Whoever joins later was not handed what came before: it takes part in the next reading, which replaces this one.
    const present = new Map(readers)

    /** Who has no place in the log is given what is open of it, and need not read the rest. */
    const beginning = Effect.gen(function* () {
      const readers = [...present.values()].filter(({ handed }) => handed() === undefined)
      const head = readers.length === 0 ? undefined : yield* backlog.head
      if (head === undefined) return
      const oldest = backlog.oldest()
      const before = oldest === undefined ? head : oldest.before
      if (before === undefined) return // then all of the log is read
      const { at } = yield* EventStore
      const place: Mark = { position: before, eventId: yield* at(before) }
      const events = yield* backlog.devices
      const byPartition = yield* deriveAll(events, () => true)
      for (const reader of readers) yield* reader.take(byPartition.get(reader.partition) ?? [], place, events.length)
    })
    yield* Effect.orDie(Effect.retry(beginning, patiently))

    const isAnswered = (event: RecordedEvent, known: bigint | undefined) =>
      isQueued(event) &&
      known !== undefined &&
      event.position <= known &&
      !backlog.isUnanswered(Message.idOf(event.stream))

    const readerOf = (event: RecordedEvent) => {
      const device = deviceOf(event)
      const reader = device === undefined ? undefined : present.get(partitionOf(device, partitions))
      return reader !== undefined && isBehind(reader, event.position) ? reader : undefined
    }
    const wasIssued = (event: RecordedEvent) => {
      const begun = readerOf(event)?.begun
      return begun !== undefined && event.position <= begun
    }

    const handle = Effect.fnUntraced(function* (events: Array.NonEmptyReadonlyArray<RecordedEvent>) {
      if (events.some(isQueued)) step("gateway.queued")
      const known = yield* backlog.position
      const news = events.filter((event) => readerOf(event) !== undefined && !isAnswered(event, known))
      const byPartition = yield* deriveAll(news, wasIssued)
      const last = Array.lastNonEmpty(events)
      for (const reader of present.values()) {
        if (!isBehind(reader, last.position)) continue
        yield* reader.take(byPartition.get(reader.partition) ?? [], last, events.length)
      }
    })

    const after = lowest([...present.values()].map(({ handed }) => handed()))
    return yield* Subscription.follow({
      name: "dispatcher",
      categories: ["message", "device", "inbound"],
      after,
      handle
    })
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
