import { Effect, Layer } from "effect"
import { categories } from "#domain/Aggregates.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Ledger } from "#domain/ports/Ledger.ts"
import { OutboundHttp } from "#domain/ports/OutboundHttp.ts"

/**
 * Ways to break on purpose what is promised of what comes in. `ledger-facts`: WhatsApp is told that a message arrived before
 * the ledger has it. `delivery-outcome`: a delivery is recorded as made before it is. `cursor`: who goes on from a place in
 * the log goes on one too far. A run that stays green under any of them measures nothing.
 */
export const sabotages = ["ledger-facts", "delivery-outcome", "cursor"] as const
export type Sabotage = (typeof sabotages)[number]

/** Longer than it takes to be killed. */
const lateMillis = 4_000

export const ledger = (sabotage: Sabotage | undefined) =>
  Layer.effect(
    Ledger,
    Effect.map(Ledger, (real) => {
      if (sabotage !== "ledger-facts") return real
      const keep: typeof real.facts.keep = (facts) =>
        Effect.as(Effect.forkDetach(Effect.delay(real.facts.keep(facts), lateMillis)), { places: [], forgotten: [] })
      return { ...real, facts: { ...real.facts, keep } }
    })
  )

export const outbound = (sabotage: Sabotage | undefined) =>
  Layer.effect(
    OutboundHttp,
    Effect.map(OutboundHttp, (real) => {
      if (sabotage !== "delivery-outcome") return real
      const claimed = {
        status: 204,
        headers: { retryAfterMillis: undefined },
        body: new Uint8Array(),
        isWhole: true,
        millis: 1
      }
      const post: typeof real.post = (request) =>
        Effect.as(Effect.forkDetach(Effect.delay(Effect.ignore(real.post(request)), lateMillis)), claimed)
      return { ...real, post }
    })
  )

/** Whoever follows all of the log, and not a view, is begun one too late. */
export const eventStore = (sabotage: Sabotage | undefined) =>
  Layer.effect(
    EventStore,
    Effect.map(EventStore, (real) => {
      if (sabotage !== "cursor") return real
      return {
        ...real,
        subscribe: (options) =>
          options.categories === categories && options.after !== undefined
            ? real.subscribe({ ...options, after: options.after + 1n })
            : real.subscribe(options)
      }
    })
  )
