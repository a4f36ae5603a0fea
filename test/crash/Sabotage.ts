import { Clock, Effect, Layer } from "effect"
import type { StreamId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { CommandBus } from "#domain/ports/CommandBus.ts"
import { type Appended, EventStore, type ExpectedRevision } from "#domain/ports/EventStore.ts"
import { Ledger, type LedgerEntry } from "#domain/ports/Ledger.ts"
import { WhatsApp } from "#domain/ports/WhatsApp.ts"

/**
 * Ways to break a promise on purpose: five by one step taken early, one by a verdict that nobody gave. A crash run that
 * stays green under any of them measures nothing.
 */
export const sabotages = [
  "ledger-write",
  "dispatcher-checkpoint",
  "server-ack",
  "report-append",
  "interrupted-failed",
  "verdict-write"
] as const
export type Sabotage = (typeof sabotages)[number]

/** Longer than it takes the agent to let an acknowledged report go, and a caller to hear of it. */
const lateWriteMillis = 3_000
/** The same for a verdict, of which nobody needs to be told again. */
const lateVerdictMillis = 6_000

/** What an earlier life was attempting when it died, by WhatsApp id. */
const interrupted = new Set<string>()

/**
 * `ledger-write`: the outcome is written when the command is taken, before WhatsApp was written to.
 * `interrupted-failed`: what was being attempted when the process died is remembered, as if it had never been begun.
 * `verdict-write`: what forbids a further try counts as written before it is.
 */
export const ledger = (sabotage: Sabotage | undefined) =>
  Layer.effect(
    Ledger,
    Effect.map(Ledger, (real) => {
      if (sabotage === "interrupted-failed") {
        const remember = (entries: ReadonlyArray<LedgerEntry>) =>
          Effect.sync(() => {
            for (const { state, waMessageId } of entries) if (state === "attempting") interrupted.add(waMessageId)
          })
        const untried = (entries: ReadonlyArray<LedgerEntry>) =>
          entries.map((entry) => (entry.state === "attempting" ? { ...entry, state: "prepared" as const } : entry))
        return { ...real, unfinished: (epoch) => Effect.map(Effect.tap(real.unfinished(epoch), remember), untried) }
      }
      if (sabotage === "verdict-write") {
        return {
          ...real,
          change: (changes) => {
            if (!changes.some(({ state }) => state === "rejected" || state === "expired")) return real.change(changes)
            return Effect.as(
              Effect.forkDetach(Effect.delay(real.change(changes), lateVerdictMillis)),
              changes.map(() => true)
            )
          }
        }
      }
      if (sabotage !== "ledger-write") return real
      const early = (entry: LedgerEntry): LedgerEntry =>
        entry.state === "attempting" ? { ...entry, state: "acked" } : entry
      return {
        ...real,
        accept: ([first, ...rest]) => real.accept([early(first), ...rest.map(early)]),
        change: ([first, ...rest]) => {
          const ahead = (change: typeof first) =>
            change.state === "attempting" ? { ...change, state: "acked" as const } : change
          return real.change([ahead(first), ...rest.map(ahead)])
        }
      }
    })
  )

/** The envelope ids of commands end in the attempt, and only the reconciler goes beyond the first. */
const isReconciled = ({ id }: { readonly id: string }) => !id.endsWith(":1")

/**
 * A bus that takes `slowMillis` to hand a command over, and forgets what the reconciler issues unless it is `reconciled`.
 * `dispatcher-checkpoint`: custody is claimed before the ledger has the command, so the checkpoint runs ahead.
 */
export const bus = (options: {
  readonly sabotage: Sabotage | undefined
  readonly slowMillis: number
  readonly reconciled: boolean
}) =>
  Layer.effect(
    CommandBus,
    Effect.map(CommandBus, (real) => ({
      ...real,
      publish: (lane, envelopes) => {
        if (lane.kind === "reports") return real.publish(lane, envelopes)
        if (!options.reconciled && envelopes.some(isReconciled)) return Effect.void
        const handOver = Effect.delay(real.publish(lane, envelopes), options.slowMillis)
        if (options.sabotage !== "dispatcher-checkpoint") return handOver
        return Effect.asVoid(Effect.forkDetach(handOver))
      }
    }))
  )

/** On a message's stream, everything after its first event comes from a report. */
const isReport = (stream: StreamId, expected: ExpectedRevision): expected is number =>
  stream.startsWith("message-") && expected !== "no_stream"

/** `report-append`: a report is acknowledged to the bus and to the agent before the log has it. */
export const eventStore = (sabotage: Sabotage | undefined) =>
  Layer.effect(
    EventStore,
    Effect.map(EventStore, (real) => {
      if (sabotage !== "report-append") return real
      return {
        ...real,
        append: (stream, expected, events) => {
          const append = real.append(stream, expected, events)
          if (!isReport(stream, expected)) return append
          const claimed: Appended = { revision: expected + events.length, position: 0n } // nobody looks where it stands
          return Effect.as(Effect.forkDetach(Effect.delay(append, lateWriteMillis)), claimed)
        }
      }
    })
  )

/**
 * `server-ack`: a send is called acknowledged while WhatsApp has not even been written to.
 * `interrupted-failed`: what an earlier life was attempting is called refused, unasked.
 */
export const whatsapp = (sabotage: Sabotage | undefined) =>
  Layer.effect(
    WhatsApp,
    Effect.map(WhatsApp, (real) => {
      const now = Effect.map(Clock.currentTimeMillis, fromMillis)
      if (sabotage === "server-ack") {
        return {
          ...real,
          send: (device, message) =>
            Effect.gen(function* () {
              yield* Effect.forkDetach(real.send(device, message))
              return { _tag: "Acked", at: yield* now } as const
            })
        }
      }
      if (sabotage === "interrupted-failed") {
        return {
          ...real,
          send: (device, message) =>
            interrupted.has(message.waMessageId)
              ? Effect.map(now, (at) => ({ _tag: "Rejected", code: "463", at }) as const)
              : real.send(device, message)
        }
      }
      return real
    })
  )
