import { Effect, Layer } from "effect"
import type { TargetId } from "#domain/Ids.ts"
import { patiently } from "#domain/Patience.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import { Personal } from "../privacy/Personal.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { Views } from "../views/Views.ts"
import { RoutesRegistry } from "./RoutesRegistry.ts"

/** Address and secrets of a target that is no more can never be read again. */
export const make = Effect.gen(function* () {
  const keys = yield* SubjectKeys
  const personal = yield* Personal
  const { tenant } = yield* Provenance
  return (id: TargetId) => keys.destroy(tenant, personal.subjectOf("target", id))
})

/** What was removed when nobody lived to destroy its key. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const erase = yield* make
    const registry = yield* RoutesRegistry
    const store = yield* EventStore
    const views = yield* Views
    const erased = Effect.gen(function* () {
      // what was removed last may stand in the log alone
      const head = yield* Effect.retry(store.head, patiently)
      if (head !== undefined) yield* views.reached(head)
      const removed = [...registry.values()].flatMap((record) => record.removed)
      yield* Effect.forEach(removed, (id) => Effect.retry(erase(id), patiently), { discard: true })
    })
    yield* Effect.forkScoped(erased)
  })
)
