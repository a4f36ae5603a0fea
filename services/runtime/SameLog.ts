import { Array, Effect, Layer, Schedule, Stream } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import { Later } from "#domain/Later.ts"
import { Deadline, remainingMillis } from "#domain/ports/Deadline.ts"
import { EventStore, EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"

/** How often the log is looked at. */
const interval = "1 second"
/** For so long it is taken for what it was seen to be: nobody puts a copy in a log's place in less. */
const trustMillis = 3_000
/** Another server of the log's may be a moment behind the one that was read from: once is no proof. */
const again = { schedule: Schedule.spaced("200 millis"), times: 5 }
/** How often whoever needs the log has it looked at while it does not answer. */
const patience = { schedule: Schedule.spaced("100 millis"), times: 2 }

const unavailable = (words: string) => new EventStoreUnavailable({ written: "no", cause: new Error(words) })
const older = unavailable("the log is older than what was read from it")
const late = unavailable("the deadline came before the log was looked at")

/**
 * The log, as long as it is the one that this process has read: what it has read furthest stands where it stood. An older
 * copy in its place, however it has grown, is no log to go by: nothing is appended to it, read from it or followed in it
 * any more. What is asked for while the log was out of sight waits until it was looked at.
 */
export const layer = Layer.effect(
  EventStore,
  Effect.gen(function* () {
    const now = yield* Clocks.steady
    const scope = yield* Effect.scope
    const store = yield* EventStore
    let furthest: Pick<RecordedEvent, "eventId" | "position"> | undefined
    let seenAt = now()
    let isOther = false
    const isTrusted = () => now() - seenAt < trustMillis

    /** Fails when what was read furthest is not there. */
    const same = Effect.gen(function* () {
      const asked = now()
      if (furthest !== undefined) {
        const { eventId, position } = furthest
        const found = yield* store.at(position)
        if (found !== eventId) return yield* Effect.fail({ _tag: "Other", position, expected: eventId, found } as const)
      }
      seenAt = asked
    }).pipe(
      Effect.tapError(() =>
        Effect.sync(() => {
          seenAt = Number.NEGATIVE_INFINITY
        })
      )
    )
    const look = Effect.suspend(() =>
      isOther ? Effect.fail(older) : Effect.retry(same, { ...again, while: ({ _tag }) => _tag === "Other" })
    ).pipe(
      Effect.catchTag("Other", ({ _tag, found = "nothing", ...expected }) => {
        isOther = true
        const words = "the log is older than what was read from it: stop this gateway"
        return Effect.andThen(Effect.logError(words, { ...expected, found }), Effect.fail(older))
      }),
      Effect.provideService(Deadline, Number.POSITIVE_INFINITY) // nobody's alone
    )

    let looking: Later<void, EventStoreUnavailable> | undefined
    /** One for all who need it. */
    const looked = Effect.suspend(() => {
      if (looking !== undefined) return looking.told
      const answer = new Later<void, EventStoreUnavailable>()
      looking = answer
      const over = Effect.sync(() => {
        looking = undefined
      })
      return Effect.andThen(Effect.forkIn(answer.toldBy(Effect.ensuring(look, over)), scope), answer.told)
    })
    yield* Effect.forkScoped(Effect.repeat(Effect.ignore(looked), Schedule.spaced(interval)))

    const seen = Effect.flatMap(remainingMillis, (millis) =>
      Effect.retry(looked, { ...patience, while: (failure) => failure !== older }).pipe(
        millis === Number.POSITIVE_INFINITY
          ? (waiting) => waiting
          : Effect.timeoutOrElse({ duration: millis, orElse: () => Effect.fail(late) })
      )
    )
    /** Whoever got no answer in his time has missed the log: the next one has it looked at, however soon it is back. */
    const missed = Effect.map(remainingMillis, (millis) => {
      if (millis > 0) seenAt = Number.NEGATIVE_INFINITY
    })
    const trusted = <A, E>(work: Effect.Effect<A, E>) => {
      const asked = Effect.tapError(work, (error) => (error instanceof EventStoreUnavailable ? missed : Effect.void))
      return Effect.suspend(
        (): Effect.Effect<A, E | EventStoreUnavailable> => (isTrusted() ? asked : Effect.andThen(seen, asked))
      )
    }

    /** However long that takes: what a subscriber is handed it goes by. */
    const surely: Effect.Effect<void> = Effect.suspend(() => (isOther ? Effect.never : looked)).pipe(
      Effect.catch(() => Effect.delay(surely, interval))
    )
    const isNew = (position: bigint) => furthest === undefined || furthest.position < position
    const taken = (events: Array.NonEmptyReadonlyArray<RecordedEvent>) => {
      const { eventId, position } = Array.lastNonEmpty(events)
      if (isNew(position)) furthest = { eventId, position }
      return events
    }
    /** What was read up to here in an earlier life, the start has compared: perhaps nothing comes after it for long. */
    const begun = Effect.fnUntraced(function* (position: bigint) {
      const eventId = yield* store.at(position)
      if (eventId !== undefined && isNew(position)) furthest = { eventId, position }
    })
    const follow: EventStore["Service"]["subscribe"] = (options) =>
      Stream.mapArrayEffect(store.subscribe(options), (events) =>
        isTrusted() ? Effect.succeed(taken(events)) : Effect.map(surely, () => taken(events))
      )

    return EventStore.of({
      append: (...asked) => trusted(store.append(...asked)),
      read: (stream) => trusted(store.read(stream)),
      subscribe: (options) =>
        options.after !== undefined && isNew(options.after)
          ? Stream.unwrap(Effect.as(Effect.ignore(begun(options.after)), follow(options)))
          : follow(options),
      head: trusted(store.head),
      at: (position) => trusted(store.at(position)),
      appendable: trusted(store.appendable)
    })
  })
)
