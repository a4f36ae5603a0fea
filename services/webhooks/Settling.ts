import { type Array, Clock, Effect, Queue, Random, type Semaphore } from "effect"
import { type Answered, isLast } from "./Answered.ts"
import type { Delivery, Settled } from "./Delivery.ts"
import type { DeliveryRows } from "./DeliveryRows.ts"
import type { Destination } from "./Destination.ts"
import * as Retries from "./Retries.ts"

/** An attempt that is over, and not on record yet. */
export interface Outcome<D extends Destination> {
  readonly delivery: Delivery
  /** As it was when it was attempted. */
  readonly destination: D
  readonly answered: Answered
  /** It was attempted at what the destination is no more. */
  readonly isPast?: boolean
}

/** An attempt that is on record. */
export interface Recorded<D extends Destination> extends Outcome<D> {
  readonly settled: Settled
  /** Since when nothing has arrived at its destination; if something has, the moment itself. */
  readonly failingSince: number
}

export type Batch = Array.NonEmptyReadonlyArray<Settled>

const mostTurns = 4

export interface Options<D extends Destination> {
  readonly outcomes: Queue.Queue<Outcome<D>>
  /** What it says of its destination as that is now. */
  readonly heard: (outcome: Outcome<D>) => Outcome<D>
  readonly settle: (batch: Batch, now: number) => ReturnType<DeliveryRows["settle"]>
  /** What follows from it; `next`: of each chat the next that is let go. */
  readonly follow: (
    recorded: ReadonlyArray<Recorded<D>>,
    next: ReadonlyArray<Delivery>,
    now: number
  ) => Effect.Effect<unknown>
  /** One at a time, also with whatever else reads what is due. */
  readonly turns: Semaphore.Semaphore
  readonly retries: Retries.Schedule
}

/**
 * Records outcomes as they come. Those that are on their way together share a transaction: while every turn of the event
 * loop brings further ones, they are waited for.
 */
export const run = <D extends Destination>({ follow, heard, outcomes, retries, settle, turns }: Options<D>) => {
  const gathered = Effect.gen(function* () {
    const batch = [...(yield* Queue.takeAll(outcomes))]
    for (let turn = 0, before = 0; turn < mostTurns && batch.length > before; turn++) {
      before = batch.length
      yield* Effect.yieldNow
      batch.push(...(yield* Queue.clear(outcomes)))
    }
    return batch
  })

  const judged = Effect.fnUntraced(function* ({ answered, delivery, isPast }: Outcome<D>, now: number) {
    const { attempt, isDelivered, wishMillis } = answered
    if (isPast === true && !isDelivered) {
      const atOnce: Settled = { delivery, attempt, tries: delivery.tries, due: now, status: "pending" }
      return atOnce
    }
    const tries = delivery.tries + 1
    const again = Retries.delayAfter(tries, wishMillis, yield* Random.next, retries, now - delivery.asked)
    const delay = isDelivered || isLast(answered) ? undefined : again
    const status = isDelivered ? "delivered" : delay === undefined ? "dead" : "pending"
    const settled: Settled = { delivery, attempt, tries, due: now + (delay ?? 0), status }
    return settled
  })

  const record = Effect.fnUntraced(function* (some: ReadonlyArray<Outcome<D>>) {
    const batch = some.map(heard)
    const now = yield* Clock.currentTimeMillis
    const settled = yield* Effect.forEach(batch, (one) => judged(one, now))
    // before anything that follows from it: what is not recorded was not attempted
    const { failing, next } = yield* settle(settled as [Settled], now)
    const recorded = batch.map((one, i): Recorded<D> => {
      return { ...one, settled: settled[i]!, failingSince: failing.get(one.delivery.endpoint) ?? now }
    })
    yield* follow(recorded, next, now)
  })

  return Effect.forever(Effect.flatMap(gathered, (batch) => turns.withPermit(record(batch))))
}
