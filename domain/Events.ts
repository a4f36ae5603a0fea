import { Schema } from "effect"
import type { EventId } from "./Ids.ts"
import type { NewEvent } from "./Recorded.ts"

/** The storage format of one aggregate's events: for each stable, versioned type name, the schema of its data. */
type Shapes = { readonly [type: string]: Schema.Codec<object, object> }

/** An event of the aggregate: its type's name, its data, which is plain JSON as it stands, and once it is offered its id. */
export type EventOf<S extends Shapes> = {
  [K in keyof S & string]: { readonly type: K; readonly data: S[K]["Type"]; readonly id?: EventId }
}[keyof S & string]

export class UnreadableEvent extends Schema.TaggedError<UnreadableEvent>()("UnreadableEvent", {
  type: Schema.String,
  problem: Schema.String
}) {}

type Stored = Pick<NewEvent, "eventId" | "type" | "data">

export interface Reader<Event> {
  /** A type or shape that was never released throws `UnreadableEvent`: a bug or a damaged log. */
  (event: Stored): Event
  /** Takes a decider's own event for read: its shape was checked by the compiler. */
  readonly remember: (event: Event, id: EventId) => void
}

/** Reads stored events back. The live tail hands one object to all who follow it: each is decoded once at most. */
export const reader = <const S extends Shapes>(shapes: S): Reader<EventOf<S>> => {
  const decoders = new Map(Object.entries(shapes).map(([type, shape]) => [type, Schema.decodeUnknownSync(shape)]))
  const seen = new WeakMap<object, EventOf<S>>()
  const read = (event: Stored): EventOf<S> => {
    const known = seen.get(event.data)
    if (known?.type === event.type) return known
    const decode = decoders.get(event.type)
    if (decode === undefined) throw new UnreadableEvent({ type: event.type, problem: "unknown type" })
    try {
      const decoded = { type: event.type, data: decode(event.data), id: event.eventId } as EventOf<S>
      seen.set(event.data, decoded)
      return decoded
    } catch {
      throw new UnreadableEvent({ type: event.type, problem: "malformed data" }) // the decoder's own words may quote it
    }
  }
  return Object.assign(read, {
    remember: (event: EventOf<S>, id: EventId) => void seen.set(event.data, { ...event, id })
  })
}
