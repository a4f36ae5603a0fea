import { Clock, Effect, Semaphore } from "effect"
import type { JetStreamManager } from "nats"
import type { AgentId } from "#domain/Ids.ts"
import { notice } from "#domain/Notice.ts"
import type { BusUnavailable } from "#domain/ports/CommandBus.ts"
import { ask, type Connection } from "./Connection.ts"
import { beginning, isStuck, type Seen, see } from "./Health.ts"
import { deadLetters, type Place, placeOf } from "./Names.ts"
import {
  consumerOf,
  deadLetterStream,
  findConsumer,
  laneStream,
  makeConsumer,
  managerOf,
  NoRoom,
  tendConsumer,
  tendStream
} from "./Streams.ts"
import type { Tuning } from "./Tuning.ts"

/** Looks after the streams and consumers of agents. */
export interface Keeper {
  /** Both lanes of this agent are there, as far as is known. */
  readonly ensure: (agent: AgentId) => Effect.Effect<void, BusUnavailable>
  /** Something went wrong on them: what is known is not believed any more. */
  readonly doubt: (agent: AgentId) => Effect.Effect<void>
  /** The record of dead letters is there. */
  readonly ensureDeadLetters: Effect.Effect<void, BusUnavailable>
  /** What the server has no room for, and what it lacks. */
  readonly shortage: () => string | undefined
  /** From 0 to 1: how full the fullest stream was when it was last looked at. */
  readonly fullness: () => number
}

/** The agent's: it waits until the gateway has made them. */
export const bystander: Keeper = {
  ensure: () => Effect.void,
  doubt: () => Effect.void,
  ensureDeadLetters: Effect.void,
  shortage: () => undefined,
  fullness: () => 0
}

/** The gateway's: makes them, and makes anew what is gone, is configured otherwise, or has fallen silent. */
export const make = (connection: Connection, tuning: Tuning) =>
  Effect.gen(function* () {
    const alone = yield* Semaphore.make(1)
    const agents = new Set<AgentId>()
    const sound = new Set<AgentId>()
    const seen = new Map<string, Seen>()
    const fullness = new Map<string, number>()
    const shortages = new Map<AgentId, string>()

    const tendLane = Effect.fnUntraced(function* (jsm: JetStreamManager, place: Place) {
      const wanted = consumerOf(place, tuning)
      const found = yield* findConsumer(jsm, place)
      const stream = yield* tendStream(jsm, laneStream(place, tuning))
      fullness.set(place.stream, stream.state.bytes / tuning.maxBytes)
      const before = seen.get(place.stream)
      if (found === undefined) {
        yield* makeConsumer(jsm, place, wanted, beginning(before, stream))
        return
      }
      const now = yield* Clock.currentTimeMillis
      const consumer = yield* tendConsumer(jsm, place, wanted, found)
      const after = see(before, consumer, stream, now)
      seen.set(place.stream, after)
      if (isStuck(after, consumer, stream, now, tuning.stuck)) {
        yield* Effect.logWarning("a consumer of the bus is stuck; it is made anew", { stream: place.stream })
        yield* ask(() => jsm.consumers.delete(place.stream, place.consumer))
        yield* makeConsumer(jsm, place, wanted, beginning(after, stream))
      } else if (stream.state.bytes > tuning.maxBytes / 2 && after.floor >= stream.state.first_seq) {
        const { purged } = yield* ask(() => jsm.streams.purge(place.stream, { seq: after.floor + 1 }))
        yield* Effect.logInfo("acknowledged envelopes left a stream before their time", {
          stream: place.stream,
          purged
        })
      }
    })

    const tend = (agent: AgentId) =>
      Effect.gen(function* () {
        const jsm = yield* managerOf((yield* connection.link).nc, tuning)
        yield* tendLane(jsm, placeOf({ kind: "commands", agent }))
        yield* tendLane(jsm, placeOf({ kind: "reports", agent }))
        sound.add(agent)
        shortages.delete(agent)
      }).pipe(Effect.tapError(({ cause }) => (cause instanceof NoRoom ? tellShortage(agent, cause) : Effect.void)))

    /** Once: it is tried again and again. */
    const tellShortage = (agent: AgentId, { message }: NoRoom) => {
      if (shortages.get(agent) === message) return Effect.void
      shortages.set(agent, message)
      return notice(Effect.logError("NATS has no room for an agent; messages to it wait", { agent, reason: message }))
    }

    const look = Effect.gen(function* () {
      const { lost } = yield* connection.link
      for (const agent of agents) {
        yield* tend(agent).pipe(
          alone.withPermits(1),
          Effect.catch(({ cause }) => {
            sound.delete(agent)
            if (cause instanceof NoRoom) return Effect.void // told already
            return Effect.logWarning("the bus does not let itself be looked after", { agent, reason: String(cause) })
          })
        )
      }
      // before anything is published to a server that may have lost something, it is looked at
      const lostAll = Effect.sync(() => sound.clear())
      yield* Effect.race(Effect.sleep(tuning.look), Effect.andThen(lost, lostAll))
    })
    yield* Effect.forkScoped(Effect.forever(look))

    return {
      ensure: (agent) =>
        Effect.suspend(() => {
          if (sound.has(agent)) return Effect.void
          agents.add(agent)
          return alone.withPermits(1)(Effect.suspend(() => (sound.has(agent) ? Effect.void : tend(agent))))
        }),
      shortage: () => shortages.values().next().value,
      fullness: () => Math.max(0, ...fullness.values()),
      doubt: (agent) => Effect.sync(() => void sound.delete(agent)),
      ensureDeadLetters: Effect.gen(function* () {
        const jsm = yield* managerOf((yield* connection.link).nc, tuning)
        yield* tendStream(jsm, deadLetterStream(deadLetters))
        if ((yield* findConsumer(jsm, deadLetters)) === undefined) {
          yield* makeConsumer(jsm, deadLetters, consumerOf(deadLetters, { ...tuning, maxDeliveries: -1 }), 1)
        }
      })
    } satisfies Keeper
  })
