import { Effect, Layer } from "effect"
import { EventStore, EventStoreUnavailable } from "#domain/ports/EventStore.ts"

/**
 * `refuses`: nothing is stored, and said so. `forgets`: nothing is stored, and nobody knows. `mute`: it is stored, and
 * nobody knows. `gone`: reads fail as well.
 */
export type Fault = "none" | "refuses" | "forgets" | "mute" | "gone"

/** A store that fails on demand, before a real one. */
export const unreliable = () => {
  let fault: Fault = "none"
  const failed = (written: "no" | "unknown") =>
    Effect.fail(new EventStoreUnavailable({ written, cause: new Error("simulated") }))
  const reading = <A, E>(read: Effect.Effect<A, E>) =>
    Effect.suspend((): Effect.Effect<A, E | EventStoreUnavailable> => (fault === "gone" ? failed("no") : read))

  const layer = Layer.effect(
    EventStore,
    Effect.map(EventStore, (store) =>
      EventStore.of({
        append: (...asked) =>
          Effect.suspend(() => {
            if (fault === "none") return store.append(...asked)
            if (fault === "mute") return Effect.andThen(store.append(...asked), failed("unknown"))
            return failed(fault === "forgets" ? "unknown" : "no")
          }),
        read: (stream) => reading(store.read(stream)),
        subscribe: store.subscribe,
        head: reading(store.head),
        at: (position) => reading(store.at(position)),
        appendable: Effect.suspend(() => (fault === "none" ? store.appendable : failed("no")))
      })
    )
  )
  const become = (next: Fault) =>
    Effect.sync(() => {
      fault = next
    })
  return { layer, become }
}
