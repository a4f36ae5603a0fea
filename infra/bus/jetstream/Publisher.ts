import { type Array, Effect, Schedule, Semaphore } from "effect"
import { headers, type JetStreamClient } from "nats"
import { BusUnavailable, type Lane, type Outgoing } from "#domain/ports/CommandBus.ts"
import type { Connection, Link } from "./Connection.ts"
import type { Keeper } from "./Keeper.ts"
import { placeOf } from "./Names.ts"
import type { Tuning } from "./Tuning.ts"

/** How many envelopes of the same call follow, so that the receiver can put them into one array again. */
export const restHeader = "Homing-Rest"

/** How many envelopes may wait for the server's word at once. */
const mostUnderway = 4_096

const again = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("1 second")])

/**
 * Publishes until the server has stored every envelope, under the same ids however often: one that was stored although
 * its confirmation was lost is not stored twice.
 */
export const make = Effect.fnUntraced(function* (connection: Connection, keeper: Keeper, tuning: Tuning) {
  const underway = yield* Semaphore.make(mostUnderway)

  const publishOne = async (js: JetStreamClient, lane: Lane, { bytes, id }: Outgoing, rest: number) => {
    const { stream, subject } = placeOf(lane)
    const own = headers()
    if (rest > 0) own.set(restHeader, String(rest))
    await js.publish(subject, bytes, {
      msgID: id,
      headers: own,
      timeout: tuning.request,
      expect: { streamName: stream }
    })
  }

  /** One go at those that are not stored yet. Ends early when the link does: nothing it sent will be answered. */
  const attempt = ({ lost, nc }: Link, lane: Lane, open: Map<number, Outgoing>, count: number) =>
    Effect.tryPromise({
      try: async () => {
        const js = nc.jetstream()
        const outcomes = await Promise.allSettled(
          [...open].map(([i, envelope]) =>
            publishOne(js, lane, envelope, count - 1 - i).then(() => {
              open.delete(i)
            })
          )
        )
        for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason
      },
      catch: (cause) => new BusUnavailable({ cause })
    }).pipe(
      Effect.raceFirst(Effect.andThen(lost, Effect.fail(new BusUnavailable({ cause: "the connection is lost" }))))
    )

  return (lane: Lane, envelopes: Array.NonEmptyReadonlyArray<Outgoing>): Effect.Effect<void, BusUnavailable> =>
    Effect.suspend(() => {
      const open = new Map(envelopes.entries())
      let cause: unknown = "no connection to the bus"
      return connection.link.pipe(
        Effect.tap(() => keeper.ensure(lane.agent)),
        Effect.flatMap((link) =>
          underway.withPermits(Math.min(open.size, mostUnderway))(attempt(link, lane, open, envelopes.length))
        ),
        Effect.tapError((failed) => {
          cause = failed.cause
          return keeper.doubt(lane.agent)
        }),
        Effect.retry(again),
        Effect.timeoutOrElse({
          duration: tuning.patience,
          orElse: () => Effect.fail(new BusUnavailable({ cause }))
        })
      )
    })
})
