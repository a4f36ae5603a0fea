import { Clock, Effect, Layer } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import { CommandBus } from "#domain/ports/CommandBus.ts"
import { Ledger, type LedgerEntry } from "#domain/ports/Ledger.ts"
import { WhatsApp } from "#domain/ports/WhatsApp.ts"

/**
 * Ways to break the order of writes on purpose, each by one write one step early. A crash run that stays green under
 * any of them measures nothing.
 */
export const sabotages = ["ledger-write", "dispatcher-checkpoint", "report-append"] as const
export type Sabotage = (typeof sabotages)[number]

/** `ledger-write`: the outcome is written when the command is taken, before WhatsApp was written to. */
export const ledger = (sabotage: Sabotage | undefined) =>
  Layer.effect(
    Ledger,
    Effect.map(Ledger, (real) => {
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

/** `report-append`: a send is called acknowledged while WhatsApp has not even been written to. */
export const whatsapp = (sabotage: Sabotage | undefined) =>
  Layer.effect(
    WhatsApp,
    Effect.map(WhatsApp, (real) => {
      if (sabotage !== "report-append") return real
      return {
        ...real,
        send: (device, message) =>
          Effect.gen(function* () {
            yield* Effect.forkDetach(real.send(device, message))
            return { _tag: "Acked", at: fromMillis(yield* Clock.currentTimeMillis) } as const
          })
      }
    })
  )
