import {
  type AllStreamResolvedEvent,
  BACKWARDS,
  END,
  type ResolvedEvent,
  type StreamingRead,
  StreamNotFoundError,
  UnknownError
} from "@eventstore/db-client"
import { Effect } from "effect"
import type { EventId, StreamId } from "#domain/Ids.ts"
import { remainingMillis } from "#domain/ports/Deadline.ts"
import { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { after } from "#domain/Timer.ts"
import { Turns } from "#domain/Turns.ts"
import { decode, isEventId, isStreamId, placeOf } from "./Events.ts"
import type { Line } from "./Line.ts"
import type { Patience } from "./Patience.ts"
import { Silence } from "./Silence.ts"

/** In gRPC's words. */
const invalidArgument = 3

/** Each takes one of the server's threads: more of them than it has stall everything that it does. */
const readsAtOnce = 16

const late = Effect.fail(
  new EventStoreUnavailable({ written: "no", cause: "the deadline came before the read's turn" })
)

/** Where records of a log end and begin follows from all before them: in another log nothing may begin there. */
const isNoPosition = ({ cause }: EventStoreUnavailable) =>
  cause instanceof UnknownError && (cause.code === invalidArgument || cause.message.includes("InvalidPosition")) // 24.2

export const reader = (line: Line, { answer }: Patience) => {
  const turns = new Turns(readsAtOnce)
  const inTurn = <A>(read: Effect.Effect<A, EventStoreUnavailable>) =>
    Effect.flatMap(turns.await(), (isTurn) =>
      isTurn
        ? Effect.ensuring(
            read,
            Effect.sync(() => turns.giveBack())
          )
        : late
    )

  return {
    /** Throws when the stream was truncated: who folds a part of it believes something that never was. */
    read: (stream: StreamId) =>
      Effect.suspend(() => {
        const events: Array<RecordedEvent> = []
        return Effect.as(
          reading(
            line,
            (client) => client.readStream(stream, { requiresLeader: true }),
            (resolved) => {
              const event = decode(resolved)
              if (event.revision !== events.length) throw new Error(`events of ${stream} are gone from the log`)
              events.push(event)
              return true
            },
            answer
          ),
          events
        )
      }).pipe(inTurn),

    /** The last event that a subscription can reach: the server's own lie between ours, and after them. */
    head: Effect.suspend(() => {
      let head: bigint | undefined
      return Effect.map(
        reading(
          line,
          (client) => client.readAll({ direction: BACKWARDS, fromPosition: END, requiresLeader: true }),
          ({ event }) => {
            if (!isStreamId(event?.streamId)) return true
            head = event.position?.commit
            return false
          },
          answer
        ),
        () => head
      )
    }),

    at: (position: bigint) =>
      Effect.suspend(() => {
        let id: EventId | undefined
        return reading(
          line,
          (client) => client.readAll({ fromPosition: placeOf(position), maxCount: 1, requiresLeader: true }),
          ({ event }) => {
            if (event?.position?.commit === position && isEventId(event.id)) id = event.id
            return false
          },
          answer
        ).pipe(
          Effect.catchIf(isNoPosition, () => Effect.void),
          Effect.map(() => id)
        )
      })
  }
}

/** Hands over one event after another until `take` wants no more, or the deadline comes. Dies on what `take` throws. */
const reading = <E extends ResolvedEvent | AllStreamResolvedEvent>(
  line: Line,
  open: (client: Line["client"]) => StreamingRead<E>,
  take: (event: E) => boolean,
  answer: number
) => Effect.flatMap(remainingMillis, (millis) => oneReading(line, open, take, answer, Math.min(answer, millis)))

const oneReading = <E extends ResolvedEvent | AllStreamResolvedEvent>(
  line: Line,
  open: (client: Line["client"]) => StreamingRead<E>,
  take: (event: E) => boolean,
  answer: number,
  patienceMillis: number
) =>
  Effect.callback<void, EventStoreUnavailable>((resume) => {
    const { client } = line
    const stream = open(client)
    const finish = (exit: Effect.Effect<void, EventStoreUnavailable>) => {
      stop()
      resume(exit)
    }
    const fail = (cause: unknown) => finish(Effect.fail(new EventStoreUnavailable({ written: "no", cause })))
    const timer = after(patienceMillis, () => {
      if (patienceMillis === answer) line.silent(client)
      fail(new Silence({ millis: patienceMillis }))
    })
    let stopped = false
    const stop = () => {
      stopped = true
      timer.stop()
      stream.cancel().catch(() => {}) // it rejects when the read never began
    }
    stream
      .on("data", (event) => {
        if (stopped) return
        line.heard(client)
        timer.restart()
        try {
          if (!take(event)) finish(Effect.void)
        } catch (defect) {
          finish(Effect.die(defect))
        }
      })
      .on("end", () => {
        if (stopped) return // it was cancelled
        if (client.hasEnded) return fail("the connection was given up") // there may be more
        line.heard(client)
        finish(Effect.void)
      })
      .on("error", (error) => {
        if (stopped) return
        line.heard(client)
        if (error instanceof StreamNotFoundError) finish(Effect.void)
        else fail(error)
      })
    return Effect.sync(stop)
  })
