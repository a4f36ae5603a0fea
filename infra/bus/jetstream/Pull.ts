import { Effect, Exit, Schedule, Schema } from "effect"
import { type Msg, type NatsConnection, type NatsError, nanos } from "nats"
import { Later } from "#domain/Later.ts"
import type { BusUnavailable } from "#domain/ports/CommandBus.ts"
import type { Connection, Link } from "./Connection.ts"
import type { Place } from "./Names.ts"
import { findConsumer, managerOf } from "./Streams.ts"
import type { Tuning } from "./Tuning.ts"

/** The consumer stopped delivering; ask it again, and see that it is there. */
export class PullEnded extends Schema.TaggedError<PullEnded>()("PullEnded", { reason: Schema.String }) {}

const batch = 1_024
const expires = 30_000
/** Statuses of the pull protocol (NATS ADR-9, ADR-37), tried against 2.9.10. */
const heartbeat = 100
const requestOver: ReadonlyArray<number> = [404, 408]
const silences = 3
const withdrawal = 1_000

const nextOf = ({ consumer, stream }: Place) => `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`

/**
 * Asks a durable consumer for what it has, again and again, one request at a time. Whatever is odd ends it. `receive` is
 * called from the library's reader, which a thrown error would end: it must not throw.
 */
export const pull = (
  connection: Pick<Connection, "newInbox">,
  { lost, nc }: Link,
  place: Place,
  tuning: Pick<Tuning, "heartbeat" | "request">,
  receive: (message: Msg) => void
): Effect.Effect<never, PullEnded | BusUnavailable> =>
  Effect.gen(function* () {
    // nobody answers a pull from a consumer that is not there
    const found = yield* findConsumer(yield* managerOf(nc, tuning), place)
    if (found === undefined) return yield* new PullEnded({ reason: "the consumer is not there" })
    const ended = new Later<never, PullEnded>()
    const end = (reason: string) => ended.tell(Exit.fail(new PullEnded({ reason })))
    const inbox = connection.newInbox()
    const request = JSON.stringify({ batch, expires: nanos(expires), idle_heartbeat: nanos(tuning.heartbeat) })
    let toCome = 0
    let silent = 0

    const ask = () => {
      toCome = batch
      if (nc.isClosed()) end("closed")
      else nc.publish(nextOf(place), request, { reply: inbox })
    }
    /** What was published keeps its own subject: no sender can pass a header of its own for the server's word. */
    const statusOf = (message: Msg) => {
      const status = message.headers?.code ?? 0
      return status !== 0 && message.subject === inbox ? status : 0
    }
    const hear = (error: NatsError | null, message: Msg) => {
      silent = 0
      if (error !== null) return end(error.code)
      const status = statusOf(message)
      if (status === heartbeat) return
      if (requestOver.includes(status)) return ask()
      if (status !== 0) return end(`${status} ${message.headers?.description}`)
      receive(message)
      toCome -= 1
      if (toCome === 0) ask()
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => nc.subscribe(inbox, { callback: hear })),
      (subscription) => Effect.sync(() => subscription.unsubscribe())
    )
    const listen = Effect.sync(() => {
      silent += 1
      if (silent >= silences) end("silence")
    })
    yield* Effect.forkScoped(Effect.schedule(listen, Schedule.spaced(tuning.heartbeat)))
    ask()
    yield* Effect.forkScoped(
      Effect.andThen(
        lost,
        Effect.sync(() => end("the connection is lost"))
      )
    )
    return yield* ended.told
  }).pipe(
    Effect.scoped,
    Effect.catchDefect(() => Effect.fail(new PullEnded({ reason: "the library refuses" })))
  )

/**
 * Makes the server notice that the last request is not listened to any more. While it does not, 2.9.10 takes an envelope
 * that is given back for delivered, and delivers another one twice. What this yields is to be given back as well.
 */
export const withdraw = (connection: Pick<Connection, "newInbox">, nc: NatsConnection, place: Place) =>
  Effect.callback<Msg | undefined>((resume) => {
    const inbox = connection.newInbox()
    const subscription = nc.subscribe(inbox, {
      max: 1,
      timeout: withdrawal,
      callback: (error, message) => {
        subscription.unsubscribe()
        resume(Effect.succeed(error === null && message.subject !== inbox ? message : undefined))
      }
    })
    nc.publish(nextOf(place), JSON.stringify({ batch: 1, expires: nanos(20) }), { reply: inbox })
  }).pipe(Effect.catchDefect(() => Effect.succeed(undefined)))
