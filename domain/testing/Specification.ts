import { Result } from "effect"
import { type Decider, fold } from "../Decider.ts"

/** given(past events).when(command) as plain data, for any assertion library. */
export const specification = <S, C, E, R>(decider: Decider<S, C, E, R>) => ({
  given: (...events: ReadonlyArray<E>) => ({
    when: (command: C) => Result.merge(decider.decide(command, fold(decider, events)))
  })
})
