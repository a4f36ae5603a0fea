import {
  type AllStreamResolvedEvent,
  type AllStreamSubscription,
  excludeSystemEvents,
  type Position,
  START,
  streamNameFilter
} from "@eventstore/db-client"
import { Effect, Stream } from "effect"
import { categoryOf } from "#domain/Ids.ts"
import { after } from "#domain/Timer.ts"
import { decode, isStreamId, placeOf } from "./Events.ts"
import * as Inbox from "./Inbox.ts"
import type { Line } from "./Line.ts"
import type { Patience } from "./Patience.ts"
import { Silence } from "./Silence.ts"

/** Everything up to here is in the inbox or was not ours. */
interface Place {
  position: Position | typeof START
}

/** Why a subscription is no more. */
type Loss =
  | { readonly _tag: "Silent" }
  | { readonly _tag: "Lost"; readonly confirmed: boolean; readonly cause: unknown }

export interface Wanted {
  /** Named, then the server sends no others; or asked for each of them, while they come. */
  readonly categories: ReadonlyArray<string> | ((category: string) => boolean)
  readonly after: bigint | undefined
}

const firstPauseMillis = 100

/**
 * The library opens a subscription once and never again: it may end with an error, without one, or fall silent while the
 * connection lives. Here it is opened anew from where it stood, for as long as somebody listens.
 */
export const subscriber =
  (line: Line, patience: Patience) =>
  ({ after, categories }: Wanted) =>
    Stream.unwrap(
      Effect.gen(function* () {
        const inbox = Inbox.make()
        const place: Place = { position: after === undefined ? START : placeOf(after) }
        const supervised = Effect.gen(function* () {
          for (let failures = 0; ; ) {
            const loss = yield* listen(line, categories, place, inbox, patience)
            if (loss._tag === "Silent") continue
            if (loss.confirmed) failures = 0
            if (failures === 0) {
              yield* Effect.logWarning("the event store's subscription broke; it is opened again", {
                reason: String(loss.cause)
              })
            }
            yield* Effect.sleep(Math.min(firstPauseMillis * 2 ** failures++, patience.pause))
          }
        })
        yield* supervised.pipe(
          Effect.tapCause((cause) => Effect.sync(() => inbox.fail(cause))),
          Effect.forkScoped({ startImmediately: true })
        )
        return Stream.fromPull(Effect.succeed(inbox.pull))
      })
    )

/** A short log's checkpoint when nothing in it matches: whoever began again there would hear of nothing in between. */
const nowhere = 2n ** 64n - 1n

/** One subscription, until it is lost. Dies on an event that is not ours. */
const listen = (
  line: Line,
  categories: Wanted["categories"],
  place: Place,
  inbox: Inbox.Inbox,
  { answer, silence }: Patience
) =>
  Effect.callback<Loss>((resume) => {
    const { client } = line
    let confirmed = false
    let stopped = false
    const concerns = (stream: unknown) =>
      typeof categories !== "function" || (isStreamId(stream) && categories(categoryOf(stream)))
    const checkpointReached = (_: unknown, position: Position) => {
      // It runs ahead of the events that wait in the stream: with none waiting, nothing before it is missing.
      if (!stopped && subscription.readableLength === 0 && position.commit < nowhere) reached(position)
    }
    const subscription: AllStreamSubscription = client.subscribeToAll({
      fromPosition: place.position,
      requiresLeader: true,
      filter:
        typeof categories === "function"
          ? excludeSystemEvents({ checkpointReached })
          : streamNameFilter({ prefixes: categories.map((category) => `${category}-`), checkpointReached })
    })

    const stop = () => {
      stopped = true
      timer.stop()
      inbox.onEmptied(undefined)
      subscription.unsubscribe().catch(() => {}) // it rejects when the subscription never began
    }
    const finish = (loss: Effect.Effect<Loss>) => {
      if (stopped) return
      stop()
      resume(loss)
    }
    const lost = (cause: unknown) => finish(Effect.succeed({ _tag: "Lost", confirmed, cause }))
    const silent = () => finish(Effect.succeed({ _tag: "Silent" }))
    let timer = after(answer, () => {
      line.silent(client)
      lost(new Silence({ millis: answer }))
    })
    const listenAgain = () => {
      timer.stop()
      timer = after(silence, silent)
    }
    const reached = (position: Position) => {
      place.position = position
      timer.restart()
    }

    subscription
      .on("confirmation", () => {
        confirmed = true
        line.heard(client)
        if (!stopped) listenAgain()
      })
      .on("data", (resolved: AllStreamResolvedEvent) => {
        if (stopped || !concerns(resolved.event?.streamId)) return
        try {
          const event = decode(resolved)
          reached(placeOf(event.position))
          if (inbox.offer(event)) return
        } catch (defect) {
          return finish(Effect.die(defect))
        }
        subscription.pause()
        timer.stop() // it is we who are silent
      })
      .on("error", lost)
      .on("end", () => lost("the server ended it"))
      .on("close", () => lost("it was closed"))
    inbox.onEmptied(() => {
      if (!subscription.isPaused()) return
      subscription.resume()
      listenAgain()
    })
    return Effect.sync(stop)
  })
