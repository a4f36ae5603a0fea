import { Effect, Layer } from "effect"
import { type Appended, EventStore } from "#domain/ports/EventStore.ts"

/**
 * Ways to break on purpose what is promised to Meta. `answer`: it is told that a webhook is here before that is on disk.
 * `checkpoint`: a webhook counts as taken apart before its facts are in the log. `forward`: a delivery counts as made before it
 * left. A run that stays green under any of them
 * measures nothing.
 */
export const sabotages = ["answer", "checkpoint", "forward"] as const
export type Sabotage = (typeof sabotages)[number]

/** What is claimed to be in the log, and is not for longer than it takes to be killed. */
const early = { answer: "batch-", checkpoint: "meta-" } as const
const lateMillis = 4_000

export const eventStore = (sabotage: Sabotage | undefined) =>
  Layer.effect(
    EventStore,
    Effect.map(EventStore, (real) => {
      if (sabotage === undefined || sabotage === "forward") return real
      return {
        ...real,
        append: (stream, expected, events) => {
          const append = real.append(stream, expected, events)
          if (expected !== "no_stream" || !stream.startsWith(early[sabotage])) return append
          const claimed: Appended = { revision: events.length - 1, position: 0n } // nobody looks where it stands
          return Effect.as(Effect.forkDetach(Effect.delay(append, lateMillis)), claimed)
        }
      }
    })
  )
