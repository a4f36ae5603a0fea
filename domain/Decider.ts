import type { Result } from "effect"

/** Pure write-side logic of one aggregate. No clock, no ids, no I/O: everything it needs is in the command. */
export interface Decider<State, Command, Event, Rejection> {
  readonly initialState: State
  readonly decide: (command: Command, state: State) => Result.Result<ReadonlyArray<Event>, Rejection>
  readonly evolve: (state: State, event: Event) => State
}

export const fold = <S, C, E, R>(
  decider: Decider<S, C, E, R>,
  events: Iterable<E>,
  from: S = decider.initialState
): S => {
  let state = from
  for (const event of events) state = decider.evolve(state, event)
  return state
}
