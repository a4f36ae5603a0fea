import { type Array, Effect } from "effect"
import { headers, type JetStreamClient, type JetStreamManager, type NatsConnection } from "nats"
import type { ConsumerId } from "#domain/Ids.ts"
import { notice } from "#domain/Notice.ts"
import { BusUnavailable } from "#domain/ports/CommandBus.ts"
import type { Announcement, EventBus } from "#domain/ports/EventBus.ts"
import { ask, type Connection } from "./Connection.ts"
import { events, eventsFor } from "./Names.ts"
import {
  type EventStreamOptions,
  eventConsumerOf,
  eventStream,
  find,
  findConsumer,
  makeConsumer,
  managerOf,
  tendConsumer,
  tendStream
} from "./Streams.ts"
import type { Tuning } from "./Tuning.ts"

export interface Options extends EventStreamOptions {
  /** The services that read: each has a consumer of its own. */
  readonly consumers: ReadonlyArray<ConsumerId>
}

const cursorHeader = "Homing-Cursor"
/** The server stores an event only behind the one that is named here. */
const afterHeader = "Nats-Expected-Last-Sequence"
/** All that is said of an event beside it counts as a part of it. */
const headerBytes = 1_024
/** A server that does not say what it takes. */
const usualBytes = 1_048_576

/** The public events on JetStream. Nobody but a gateway publishes on it, and one at a time. */
export const make = (connection: Connection, tuning: Tuning, options: Options): EventBus => {
  const troubles = new Map<ConsumerId, string>()

  const tendOne = Effect.fnUntraced(function* (jsm: JetStreamManager, consumer: ConsumerId) {
    const place = eventsFor(consumer)
    const wanted = eventConsumerOf(place, tuning)
    const found = yield* findConsumer(jsm, place)
    yield* found === undefined ? makeConsumer(jsm, place, wanted, 1) : tendConsumer(jsm, place, wanted, found)
    if (troubles.delete(consumer))
      yield* notice(Effect.logInfo("a service's consumer of events is tended again", { consumer }))
  })
  /** What is wrong with one keeps events from nobody else: it is told once, and looked at again. */
  const tendConsumers = (jsm: JetStreamManager) =>
    Effect.forEach(
      options.consumers,
      (consumer) =>
        Effect.catch(tendOne(jsm, consumer), ({ cause }) => {
          const reason = cause instanceof Error ? cause.message : String(cause)
          if (troubles.get(consumer) === reason) return Effect.void
          troubles.set(consumer, reason)
          return notice(
            Effect.logError("a service's consumer of events cannot be tended; the others are", { consumer, reason })
          )
        }),
      { discard: true }
    )

  const tended = Effect.fnUntraced(function* (nc: NatsConnection) {
    const jsm = yield* managerOf(nc, tuning)
    const stream = yield* tendStream(jsm, eventStream(options, tuning))
    yield* tendConsumers(jsm)
    return { jsm, stream }
  })

  const publishOne = async (js: JetStreamClient, after: number, { bytes, cursor, id, subject }: Announcement) => {
    const own = headers()
    own.set(cursorHeader, cursor)
    own.set(afterHeader, String(after))
    const { duplicate } = await js.publish(subject, bytes, {
      msgID: id,
      headers: own,
      timeout: tuning.request,
      expect: { streamName: events.stream }
    })
    return !duplicate
  }

  /**
   * Answers the sequence of the last. An event that the stream had a moment ago takes no place in it: what is behind is then
   * published again, one place further to the front.
   */
  const publishAll = async (js: JetStreamClient, first: number, announcements: ReadonlyArray<Announcement>) => {
    let after = first
    let open = announcements
    while (open.length > 0) {
      const outcomes = await Promise.allSettled(open.map((one, i) => publishOne(js, after + i, one)))
      const had = outcomes.findIndex((outcome) => outcome.status === "fulfilled" && !outcome.value)
      for (const outcome of had < 0 ? outcomes : outcomes.slice(0, had)) {
        if (outcome.status === "rejected") throw outcome.reason
        after++
      }
      open = had < 0 ? [] : open.slice(had + 1)
    }
    return after
  }

  return {
    keptMillis: options.keptMillis,

    reached: Effect.gen(function* () {
      const { nc } = yield* connection.link
      const { jsm, stream } = yield* tended(nc)
      const sequence = stream.state.last_seq
      const last =
        sequence === 0 ? undefined : yield* find(() => jsm.streams.getMessage(events.stream, { seq: sequence }))
      const taken = Math.min(nc.info?.max_payload ?? usualBytes, options.maxBytes)
      return {
        stream: stream.created,
        sequence,
        cursor: last?.header.get(cursorHeader) || undefined,
        mostBytes: Math.max(0, taken - headerBytes)
      }
    }),

    publish: Effect.fnUntraced(function* (after: number, announcements: Array.NonEmptyReadonlyArray<Announcement>) {
      const { lost, nc } = yield* connection.link
      const stored = ask(() => publishAll(nc.jetstream(), after, announcements))
      const cut = Effect.andThen(lost, Effect.fail(new BusUnavailable({ cause: "the connection is lost" })))
      return yield* Effect.raceFirst(stored, cut)
    }),

    watch: Effect.fnUntraced(function* (made: string) {
      const { lost, nc } = yield* connection.link
      const look = Effect.gen(function* () {
        yield* Effect.sleep(tuning.look)
        const { stream } = yield* tended(nc)
        if (stream.created !== made) return yield* new BusUnavailable({ cause: "the stream was made anew" })
      })
      const cut = Effect.andThen(lost, Effect.fail(new BusUnavailable({ cause: "the connection is lost" })))
      return yield* Effect.raceFirst(Effect.forever(look), cut)
    })
  }
}
