import type { ConsumerInfo, StreamInfo } from "nats"

/** What the gateway remembers of a consumer between two looks. */
export interface Seen {
  /** When the stream was made: another stream of the same name has other numbers. */
  readonly streamMade: string
  /** Everything up to this place in the stream is acknowledged. */
  readonly floor: number
  /** Deliveries so far, repeated ones included. */
  readonly delivered: number
  /** Since when, in milliseconds, it has delivered nothing although it has something and is asked for it. */
  readonly idleSince: number | undefined
}

/** `consumer` must have been looked at before `stream`: then it cannot be ahead of it by rights. */
export const see = (before: Seen | undefined, consumer: ConsumerInfo, stream: StreamInfo, now: number): Seen => {
  const delivered = consumer.delivered.consumer_seq
  const waits = consumer.num_pending > 0 && consumer.num_waiting > 0
  const idle = waits && before?.delivered === delivered
  return {
    streamMade: stream.created,
    floor: consumer.ack_floor.stream_seq,
    delivered,
    idleSince: idle ? (before?.idleSince ?? now) : undefined
  }
}

/**
 * After a power loss a consumer may stand ahead of its stream and then delivers nothing that is new (nats-server #5412);
 * others have been seen to fall silent (#3996, #4566).
 */
export const isStuck = (seen: Seen, consumer: ConsumerInfo, stream: StreamInfo, now: number, stuckMillis: number) =>
  consumer.delivered.stream_seq > stream.state.last_seq ||
  (seen.idleSince !== undefined && now - seen.idleSince >= stuckMillis)

/** Where a consumer that is made anew begins: after what was acknowledged, if that is known of this very stream. */
export const beginning = (seen: Seen | undefined, stream: StreamInfo): number =>
  seen !== undefined && seen.streamMade === stream.created && seen.floor <= stream.state.last_seq ? seen.floor + 1 : 1
