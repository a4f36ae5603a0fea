import { type Array, Effect } from "effect"
import { headers, type JetStreamClient, type JetStreamManager, type NatsConnection } from "nats"
import type { ConsumerId } from "#domain/Ids.ts"
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

/** The public events on JetStream. Nobody but a gateway publishes on it, and one at a time. */
export const make = (connection: Connection, tuning: Tuning, options: Options): EventBus => {
  const tendConsumers = Effect.fnUntraced(function* (jsm: JetStreamManager) {
    for (const consumer of options.consumers) {
      const place = eventsFor(consumer)
      const wanted = eventConsumerOf(place, tuning)
      const found = yield* findConsumer(jsm, place)
      yield* found === undefined ? makeConsumer(jsm, place, wanted, 1) : tendConsumer(jsm, place, wanted, found)
    }
  })

  const tended = Effect.fnUntraced(function* (nc: NatsConnection) {
    const jsm = yield* managerOf(nc, tuning)
    const stream = yield* tendStream(jsm, eventStream(options))
    yield* tendConsumers(jsm)
    return { jsm, stream }
  })

  const publishOne = async (js: JetStreamClient, after: number, { bytes, cursor, id, subject }: Announcement) => {
    const own = headers()
    own.set(cursorHeader, cursor)
    own.set(afterHeader, String(after))
    const { duplicate, seq } = await js.publish(subject, bytes, {
      msgID: id,
      headers: own,
      timeout: tuning.request,
      expect: { streamName: events.stream }
    })
    if (duplicate) throw new Error("the stream holds an event that is not its last")
    return seq
  }

  return {
    keptMillis: options.keptMillis,

    reached: Effect.gen(function* () {
      const { nc } = yield* connection.link
      const { jsm, stream } = yield* tended(nc)
      const sequence = stream.state.last_seq
      const last =
        sequence === 0 ? undefined : yield* find(() => jsm.streams.getMessage(events.stream, { seq: sequence }))
      return { stream: stream.created, sequence, cursor: last?.header.get(cursorHeader) || undefined }
    }),

    publish: Effect.fnUntraced(function* (after: number, announcements: Array.NonEmptyReadonlyArray<Announcement>) {
      const { lost, nc } = yield* connection.link
      const stored = ask(async () => {
        const js = nc.jetstream()
        const outcomes = await Promise.allSettled(announcements.map((one, i) => publishOne(js, after + i, one)))
        for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason
        return after + announcements.length
      })
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
