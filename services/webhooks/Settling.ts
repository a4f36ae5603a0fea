import { type Array, Clock, Effect, Queue, Random, type Semaphore } from "effect"
import type { Answered } from "./Attempts.ts"
import type { Delivery, Settled } from "./Delivery.ts"
import type { DeliveryRows } from "./DeliveryRows.ts"
import type { EndpointRecord } from "./EndpointsRows.ts"
import * as Retries from "./Retries.ts"

/** An attempt that is over, and not on record yet. */
export interface Outcome {
  readonly delivery: Delivery
  /** As it was when it was attempted. */
  readonly endpoint: EndpointRecord
  readonly answered: Answered
  /** It was attempted at what the endpoint is no more. */
  readonly isPast?: boolean
}

/** An attempt that is on record. */
export interface Recorded extends Outcome {
  readonly settled: Settled
  /** Since when nothing has arrived at its endpoint; if something has, the moment itself. */
  readonly failingSince: number
}

export type Batch = Array.NonEmptyReadonlyArray<Settled>

const mostTurns = 4

export interface Options {
  readonly outcomes: Queue.Queue<Outcome>
  /** What it says of its endpoint as that is now. */
  readonly heard: (outcome: Outcome) => Outcome
  readonly settle: (batch: Batch, now: number) => ReturnType<DeliveryRows["settle"]>
  /** What follows from it; `next`: of each chat the next that is let go. */
  readonly follow: (
    recorded: ReadonlyArray<Recorded>,
    next: ReadonlyArray<Delivery>,
    now: number
  ) => Effect.Effect<unknown>
  /** One at a time, also with whatever else reads what is due. */
  readonly turns: Semaphore.Semaphore
  readonly delaysMillis: ReadonlyArray<number> | undefined
}

/**
 * Records outcomes as they come. Those that are on their way together share a transaction: while every turn of the event
 * loop brings further ones, they are waited for.
 */
export const run = ({ delaysMillis, follow, heard, outcomes, settle, turns }: Options) => {
  const gathered = Effect.gen(function* () {
    const batch = [...(yield* Queue.takeAll(outcomes))]
    for (let turn = 0, before = 0; turn < mostTurns && batch.length > before; turn++) {
      before = batch.length
      yield* Effect.yieldNow
      batch.push(...(yield* Queue.clear(outcomes)))
    }
    return batch
  })

  const judged = Effect.fnUntraced(function* ({ answered, delivery, isPast }: Outcome, now: number) {
    const { attempt, isDelivered, wishMillis } = answered
    if (isPast === true && !isDelivered) {
      const again: Settled = { delivery, attempt, tries: delivery.tries, due: now, status: "pending" }
      return again
    }
    const tries = delivery.tries + 1
    const delay = isDelivered ? undefined : Retries.delayAfter(tries, wishMillis, yield* Random.next, delaysMillis)
    const status = isDelivered ? "delivered" : delay === undefined ? "dead" : "pending"
    const settled: Settled = { delivery, attempt, tries, due: now + (delay ?? 0), status }
    return settled
  })

  const record = Effect.fnUntraced(function* (some: ReadonlyArray<Outcome>) {
    const batch = some.map(heard)
    const now = yield* Clock.currentTimeMillis
    const settled = yield* Effect.forEach(batch, (one) => judged(one, now))
    // before anything that follows from it: what is not recorded was not attempted
    const { failing, next } = yield* settle(settled as [Settled], now)
    const recorded = batch.map((one, i): Recorded => {
      return { ...one, settled: settled[i]!, failingSince: failing.get(one.delivery.endpoint) ?? now }
    })
    yield* follow(recorded, next, now)
  })

  return Effect.forever(Effect.flatMap(gathered, (batch) => turns.withPermit(record(batch))))
}
