import type { Decider } from "./Decider.ts"
import { type EventOf, type Events, type Reader, reader } from "./Events.ts"
import type { StreamId } from "./Ids.ts"

/** A consistency boundary: its decisions, and how its events stand in the log. */
export interface Aggregate<Id extends string, State, Command, Event, Rejection>
  extends Decider<State, Command, Event, Rejection> {
  /** Begins the names of its streams. */
  readonly category: string
  readonly read: Reader<Event>
  readonly streamOf: (id: Id) => StreamId
  readonly idOf: (stream: StreamId) => Id
  /** Little is said to it again. */
  readonly isSettled: (state: State) => boolean
}

export const aggregate = <Id extends string, State, Command, E extends Events, Rejection>({
  category,
  decider,
  events,
  isSettled = () => false
}: {
  readonly category: string
  readonly decider: Decider<State, Command, EventOf<E>, Rejection>
  readonly events: E
  readonly isSettled?: (state: State) => boolean
}): Aggregate<Id, State, Command, EventOf<E>, Rejection> => ({
  ...decider,
  category,
  read: reader(events),
  streamOf: (id) => `${category}-${id}` as StreamId,
  idOf: (stream) => stream.slice(category.length + 1) as Id,
  isSettled
})
