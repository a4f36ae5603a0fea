import { Effect } from "effect"
import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamManager,
  type NatsConnection,
  type NatsError,
  nanos,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo
} from "nats"
import type { BusUnavailable } from "#domain/ports/CommandBus.ts"
import { ask } from "./Connection.ts"
import { events, type Place } from "./Names.ts"
import type { Tuning } from "./Tuning.ts"

const day = 24 * 3_600_000
/** Over the longest expiry, 7 days, by two: an agent that was away finds every command that may still be sent. */
const maxAge = 9 * day
/** Long enough for a gateway that comes back to issue the same commands again. The server keeps these ids in memory. */
const remembered = 2 * 3_600_000

/**
 * Envelopes stay until their age ends, acknowledged or not: so ids survive a restart of the server, and nothing that was
 * taken comes back. A full stream refuses what is new, which the publisher hears; it never drops what is old.
 */
export const laneStream = ({ stream, subject }: Place, { maxBytes }: Pick<Tuning, "maxBytes">) => ({
  name: stream,
  subjects: [subject],
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  discard: DiscardPolicy.New,
  max_age: nanos(maxAge),
  max_bytes: maxBytes,
  duplicate_window: nanos(remembered)
})

export interface EventStreamOptions {
  /** A stream of this many bytes lets the oldest go. */
  readonly maxBytes: number
  readonly keptMillis: number
}

/**
 * Whoever reads too slowly finds the rest in the log, and holds up nobody else: here the oldest go. Within the window a
 * second event with an id is not taken; that none is published twice needs no window.
 */
export const eventStream = (
  { keptMillis, maxBytes }: EventStreamOptions,
  { eventWindow }: Pick<Tuning, "eventWindow">
) => ({
  name: events.stream,
  subjects: [events.subject],
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  discard: DiscardPolicy.Old,
  max_age: nanos(keptMillis),
  max_bytes: maxBytes,
  duplicate_window: nanos(eventWindow)
})

/** Small notes for people: when there are far too many, the oldest go. */
export const deadLetterStream = ({ stream, subject }: Place) => ({
  name: stream,
  subjects: [subject],
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  discard: DiscardPolicy.Old,
  max_age: nanos(90 * day),
  max_bytes: 16 * 1_048_576
})

export const consumerOf = ({ consumer }: Place, tuning: Tuning) => ({
  durable_name: consumer,
  ack_policy: AckPolicy.Explicit,
  ack_wait: nanos(tuning.ackWait),
  max_deliver: tuning.maxDeliveries,
  max_ack_pending: tuning.maxUnacknowledged
})

/** One at a time: the next is handed over when the one before is acknowledged, so that none overtakes it, whatever dies. */
export const eventConsumerOf = ({ consumer }: Place, { eventAckWait }: Pick<Tuning, "eventAckWait">) => ({
  durable_name: consumer,
  ack_policy: AckPolicy.Explicit,
  ack_wait: nanos(eventAckWait),
  max_deliver: -1,
  max_ack_pending: 1
})

export const managerOf = (nc: NatsConnection, { request }: Pick<Tuning, "request">) =>
  ask(() => nc.jetstreamManager({ checkAPI: false, timeout: request }))

/** `undefined`: there is no such thing. */
export const find = <A>(question: () => Promise<A>): Effect.Effect<A | undefined, BusUnavailable> =>
  ask(() =>
    question().catch((error: NatsError) => {
      if (error.api_error?.code === 404) return undefined
      throw error
    })
  )

const differs = <A extends object>(wanted: Partial<A>, actual: A): boolean =>
  Object.entries(wanted).some(([key, value]) => JSON.stringify(actual[key as keyof A]) !== JSON.stringify(value))

/** The server reserves what a stream may take, and it, or the account, has not that much left. */
export class NoRoom extends Error {
  override readonly name = "NoRoom"
}
const noRoomCodes: ReadonlySet<number | undefined> = new Set([10002, 10023, 10047])

const reserving = (wanted: Partial<StreamConfig> & { readonly name: string }, made: Promise<StreamInfo>) =>
  made.catch((cause: NatsError) => {
    if (!noRoomCodes.has(cause.api_error?.err_code)) throw cause
    const mebibytes = Math.ceil((wanted.max_bytes ?? 0) / 1_048_576)
    throw new NoRoom(`${wanted.name} needs ${mebibytes} MiB: raise max_file_store, or the account's limit`, { cause })
  })

/** Makes the stream, or brings it to what is wanted. */
export const tendStream = (jsm: JetStreamManager, wanted: Partial<StreamConfig> & { readonly name: string }) =>
  Effect.gen(function* () {
    const found: StreamInfo | undefined = yield* find(() => jsm.streams.info(wanted.name))
    if (found === undefined) {
      yield* Effect.logInfo("a stream of the bus is made", { stream: wanted.name })
      return yield* ask(() => reserving(wanted, jsm.streams.add(wanted)))
    }
    if (!differs(wanted, found.config)) return found
    yield* Effect.logInfo("a stream of the bus is brought to its configuration", { stream: wanted.name })
    return yield* ask(() => reserving(wanted, jsm.streams.update(wanted.name, wanted)))
  })

export const findConsumer = (jsm: JetStreamManager, { consumer, stream }: Place) =>
  find(() => jsm.consumers.info(stream, consumer))

/** Makes the consumer, beginning at a place in the stream. */
export const makeConsumer = (
  jsm: JetStreamManager,
  { stream }: Place,
  wanted: Partial<ConsumerConfig>,
  from: number
): Effect.Effect<ConsumerInfo, BusUnavailable> =>
  Effect.logInfo("a consumer of the bus is made", { stream, from }).pipe(
    Effect.andThen(
      ask(() =>
        jsm.consumers.add(stream, {
          ...wanted,
          ...(from > 1
            ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from }
            : { deliver_policy: DeliverPolicy.All })
        })
      )
    )
  )

/** Brings what can be changed of a consumer to what is wanted. */
export const tendConsumer = (
  jsm: JetStreamManager,
  { consumer, stream }: Place,
  wanted: Partial<ConsumerConfig>,
  found: ConsumerInfo
): Effect.Effect<ConsumerInfo, BusUnavailable> =>
  differs(wanted, found.config) ? ask(() => jsm.consumers.update(stream, consumer, wanted)) : Effect.succeed(found)
