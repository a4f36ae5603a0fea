import { type Array, Effect, Layer, Stream } from "effect"
import { CommandBus, type Incoming, type Lane, type Outgoing, subjectOf } from "#domain/ports/CommandBus.ts"
import * as Inflow from "../../Inflow.ts"

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
    subscribe: (lane) => laneOf(lane).subscribe,
    answer: Effect.void
  }
})

/** How many acknowledged ids a lane remembers, to drop their repetition. */
const memory = 4_096

/** How many envelopes may be with the receiver unacknowledged: as many as over NATS. The others wait in the lane. */
export const mostUnacknowledged = 2_048

interface Held extends Outgoing {
  /** Its publishers: called once, when it is acknowledged. */
  readonly inCustody: globalThis.Array<() => void>
}

const makeLane = () => {
  /** Not acknowledged yet, in the order of publishing. */
  const held = new Map<string, Held>()
  const acknowledged = new Set<string>()
  let receiver: Receiver | undefined

  const acknowledge = (envelope: Held) =>
    Effect.sync(() => {
      if (!held.delete(envelope.id)) return
      receiver?.acknowledged(envelope)
      acknowledged.add(envelope.id)
      if (acknowledged.size > memory) acknowledged.delete(acknowledged.values().next().value!)
      for (const tell of envelope.inCustody) tell()
    })

  const incoming = (envelope: Held): Incoming => ({ bytes: envelope.bytes, acknowledge: acknowledge(envelope) })

  return {
    publish: (envelopes: Array.NonEmptyReadonlyArray<Outgoing>): Effect.Effect<void> =>
      Effect.callback((resume) => {
        const fresh: globalThis.Array<Held> = []
        let open = 1 // until all have been looked at
        const inCustody = () => {
          if (--open === 0) resume(Effect.void)
        }
        for (const envelope of envelopes) {
          if (acknowledged.has(envelope.id)) continue
          let known = held.get(envelope.id)
          if (known === undefined) {
            known = { id: envelope.id, bytes: envelope.bytes, inCustody: [] }
            held.set(envelope.id, known)
            fresh.push(known)
          }
          known.inCustody.push(inCustody)
          open++
        }
        if (fresh.length > 0) receiver?.add(fresh)
        inCustody()
      }),

    subscribe: Stream.unwrap(
      Effect.gen(function* () {
        const inflow = yield* Inflow.make<Incoming>()
        const own = receiving((envelopes) => inflow.putAll(envelopes.map(incoming)))
        yield* Effect.acquireRelease(
          Effect.sync(() => {
            receiver = own
            if (held.size > 0) own.add([...held.values()])
          }),
          () =>
            Effect.sync(() => {
              if (receiver === own) receiver = undefined
            })
        )
        return inflow.stream
      })
    )
  }
}

type Receiver = ReturnType<typeof receiving>

/** Hands over as many as the window lets through, in order. */
const receiving = (deliver: (envelopes: ReadonlyArray<Held>) => void) => {
  const waiting = new Set<Held>()
  const out = new Set<Held>()
  const handOver = () => {
    const next: globalThis.Array<Held> = []
    for (const envelope of waiting) {
      if (out.size === mostUnacknowledged) break
      waiting.delete(envelope)
      out.add(envelope)
      next.push(envelope)
    }
    if (next.length > 0) deliver(next)
  }
  return {
    add: (envelopes: ReadonlyArray<Held>) => {
      for (const envelope of envelopes) waiting.add(envelope)
      handOver()
    },
    acknowledged: (envelope: Held) => {
      waiting.delete(envelope) // acknowledged by who had it before
      if (out.delete(envelope) && out.size <= mostUnacknowledged / 2) handOver() // in pieces worth one commit
    }
  }
}
