import { type Array, Deferred, Effect, Layer, Queue, Stream } from "effect"
import { CommandBus, type Incoming, type Lane, type Outgoing, subjectOf } from "#domain/ports/CommandBus.ts"

/**
 * The bus of one process. Nothing is stored: the log is the outbox and the ledger the inbox, so custody begins when the
 * receiver has acknowledged. What is not acknowledged comes again to the next subscriber.
 */
export const layer = Layer.sync(CommandBus, () => {
  const lanes = new Map<string, ReturnType<typeof makeLane>>()
  const laneOf = (lane: Lane) => {
    const subject = subjectOf(lane)
    let found = lanes.get(subject)
    if (found === undefined) {
      found = makeLane()
      lanes.set(subject, found)
    }
    return found
  }
  return {
    publish: (lane, envelopes) => laneOf(lane).publish(envelopes),
    subscribe: (lane) => laneOf(lane).subscribe
  }
})

/** How many acknowledged ids a lane remembers, to drop their repetition. */
const memory = 4_096

interface Held extends Outgoing {
  readonly custody: Deferred.Deferred<void>
}

const makeLane = () => {
  /** Not acknowledged yet, in the order of publishing. */
  const held = new Map<string, Held>()
  const acknowledged = new Set<string>()
  let deliver: ((envelopes: ReadonlyArray<Held>) => void) | undefined

  const acknowledge = (envelope: Held) =>
    Effect.suspend(() => {
      if (!held.delete(envelope.id)) return Effect.void
      acknowledged.add(envelope.id)
      if (acknowledged.size > memory) acknowledged.delete(acknowledged.values().next().value!)
      return Deferred.succeed(envelope.custody, undefined)
    })

  const incoming = (envelope: Held): Incoming => ({ bytes: envelope.bytes, acknowledge: acknowledge(envelope) })

  return {
    publish: (envelopes: Array.NonEmptyReadonlyArray<Outgoing>): Effect.Effect<void> =>
      Effect.suspend(() => {
        const fresh: globalThis.Array<Held> = []
        const custody: globalThis.Array<Deferred.Deferred<void>> = []
        for (const envelope of envelopes) {
          if (acknowledged.has(envelope.id)) continue
          const known = held.get(envelope.id) ?? { ...envelope, custody: Deferred.makeUnsafe<void>() }
          custody.push(known.custody)
          if (held.has(envelope.id)) continue
          held.set(envelope.id, known)
          fresh.push(known)
        }
        if (fresh.length > 0) deliver?.(fresh)
        return Effect.forEach(custody, Deferred.await, { discard: true })
      }),

    subscribe: Stream.unwrap(
      Effect.gen(function* () {
        const queue = yield* Queue.unbounded<Incoming>()
        const own = (envelopes: ReadonlyArray<Held>) => {
          Queue.offerAllUnsafe(queue, envelopes.map(incoming))
        }
        yield* Effect.acquireRelease(
          Effect.sync(() => {
            deliver = own
            if (held.size > 0) own([...held.values()])
          }),
          () =>
            Effect.sync(() => {
              if (deliver === own) deliver = undefined
            })
        )
        return Stream.fromQueue(queue)
      })
    )
  }
}
