import { Effect } from "effect"
import { Batch } from "#domain/meta/Batch.ts"
import type { Hold } from "../meta/Holds.ts"
import { RoutesRegistry } from "../routes/RoutesRegistry.ts"
import { Views } from "../views/Views.ts"
import { Deliveries } from "../webhooks/Deliveries.ts"

/** The bytes of a request stay as long as it is to be delivered whole somewhere, or it is not known yet whether it is. */
export const make: Effect.Effect<Hold, never, Deliveries | RoutesRegistry | Views> = Effect.gen(function* () {
  const registry = yield* RoutesRegistry
  const { rows } = yield* Deliveries
  const views = yield* Views
  return Effect.fnUntraced(function* (requests) {
    const latest = requests.reduce((most, { position }) => (position > most ? position : most), 0n)
    yield* views.reached(latest)
    if (registry.size === 0) return new Set()
    const passed = (yield* rows.checkpoint("targets")) ?? -1n
    const awaited = yield* rows.awaited(requests.map(({ id }) => Batch.streamOf(id)))
    return new Set(
      requests.filter(({ id, position }) => position > passed || awaited.has(Batch.streamOf(id))).map(({ id }) => id)
    )
  })
})
