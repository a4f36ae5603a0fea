import { type Array, Effect, Schedule, Stream } from "effect"
import type { Msg } from "nats"
import * as Clocks from "#domain/Clocks.ts"
import type { BusUnavailable, Incoming, Lane } from "#domain/ports/CommandBus.ts"
import { after, type Timer } from "#domain/Timer.ts"
import * as Inflow from "../../Inflow.ts"
import type { Acknowledgements, Delivery } from "./Acknowledgements.ts"
import type { Connection } from "./Connection.ts"
import type { Keeper } from "./Keeper.ts"
import { placeOf } from "./Names.ts"
import { restHeader } from "./Publisher.ts"
import { pull, withdraw } from "./Pull.ts"
import type { Tuning } from "./Tuning.ts"

/** How long an array waits for the rest of it: part may have been dropped as a repetition, or be lost. */
const linger = 50
/** A lane that breaks at once again and again is told of when it has done so some times, once. */
const briefMillis = 2_000
const quietFailures = 8
const again = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("500 millis")])

/**
 * Everything on a lane. Heals by itself: it ends with its subscriber. What the subscriber then holds and has not
 * acknowledged is given back, so that it comes again at once.
 */
export const make =
  (connection: Connection, keeper: Keeper, acknowledgements: Acknowledgements, tuning: Tuning) =>
  (lane: Lane): Stream.Stream<Incoming, BusUnavailable> =>
    Stream.unwrap(
      Effect.gen(function* () {
        const arrays = yield* Inflow.make<Array.NonEmptyReadonlyArray<Incoming>>()
        const held = new Set<Delivery>()
        const add = gathering(arrays.put)

        yield* Effect.addFinalizer(() =>
          Effect.gen(function* () {
            if (held.size === 0) return
            const { nc, server } = yield* connection.link
            const more = yield* withdraw(connection, nc, placeOf(lane))
            if (more?.reply !== undefined) held.add({ reply: more.reply, server })
            for (const delivery of held) acknowledgements.giveBack(delivery)
          }).pipe(Effect.timeout("2 seconds"), Effect.ignore)
        )

        const incoming = (message: Msg, server: string): Incoming => {
          const delivery: Delivery = { reply: message.reply ?? "", server }
          held.add(delivery)
          const acknowledge = Effect.sync(() => {
            if (held.delete(delivery)) acknowledgements.acknowledge(delivery)
          })
          return { bytes: message.data, acknowledge }
        }

        const now = yield* Clocks.steady
        let failures = 0
        let begun = now()
        const tell = (reason: string) => {
          failures = now() - begun < briefMillis ? failures + 1 : 1
          const about = { agent: lane.agent, lane: lane.kind, reason }
          return failures === quietFailures
            ? Effect.logWarning("a lane of the bus cannot be read; it is asked for again and again", about)
            : Effect.logDebug("a lane of the bus is asked for anew", about)
        }

        const deliveries = Effect.gen(function* () {
          begun = now()
          const link = yield* connection.link
          yield* keeper.ensure(lane.agent)
          return yield* pull(connection, link, placeOf(lane), tuning, (message) =>
            add(incoming(message, link.server), Number(message.headers?.get(restHeader) ?? 0))
          )
        }).pipe(
          Effect.tapError((error) =>
            Effect.andThen(
              keeper.doubt(lane.agent),
              tell(error._tag === "PullEnded" ? error.reason : String(error.cause))
            )
          )
        )
        yield* Effect.forkScoped(Effect.retry(deliveries, again))

        return Stream.flattenArray(Stream.fromEffectRepeat(arrays.take))
      })
    )

/** Puts what was published together into one array. */
const gathering = (emit: (array: Array.NonEmptyReadonlyArray<Incoming>) => void) => {
  let gathered: globalThis.Array<Incoming> = []
  let timer: Timer | undefined
  const flush = () => {
    const [first, ...others] = gathered
    gathered = []
    if (first !== undefined) emit([first, ...others])
  }
  return (one: Incoming, rest: number) => {
    gathered.push(one)
    timer?.stop()
    if (rest > 0) timer = after(linger, flush)
    else flush()
  }
}
