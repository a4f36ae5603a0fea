import { Effect, Layer } from "effect"
import { Archive } from "#domain/ports/Archive.ts"
import { type Appended, EventStore } from "#domain/ports/EventStore.ts"

/**
 * Ways to break on purpose what is promised to Meta. `answer`: it is told that a webhook is here before that is on disk.
 * `checkpoint`: a webhook counts as taken apart before its facts are in the log. `forward`: a delivery counts as made before it
 * left. `archive`: a webhook counts as archived before it is there. A run that stays green under any of them measures nothing.
 */
export const sabotages = ["answer", "checkpoint", "forward", "archive"] as const
export type Sabotage = (typeof sabotages)[number]

/** What is claimed to be in the log, and is not for longer than it takes to be killed. */
const early = { answer: "batch-", checkpoint: "meta-" } as const
const lateMillis = 4_000

export const eventStore = (sabotage: Sabotage | undefined) =>
  Layer.effect(
    EventStore,
    Effect.map(EventStore, (real) => {
      if (sabotage === undefined || sabotage === "forward" || sabotage === "archive") return real
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

export const archive = (sabotage: Sabotage | undefined) =>
  Layer.effect(
    Archive,
    Effect.map(Archive, (real) => {
      if (sabotage !== "archive" || real === undefined) return real
      const late = (append: Effect.Effect<void, unknown>) =>
        Effect.asVoid(Effect.forkDetach(Effect.delay(Effect.ignore(append), lateMillis)))
      return {
        ...real,
        open: Effect.map(real.open, ({ append, newest }) => ({
          newest,
          append: (records: Parameters<typeof append>[0]) => late(append(records))
        }))
      }
    })
  )
