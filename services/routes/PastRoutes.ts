import { Effect } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import { AppRoutes } from "#domain/meta/AppRoutes.ts"
import type { RoutedSource } from "#domain/meta/RoutedSource.ts"
import type { Configuration } from "#domain/meta/Target.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Views } from "../views/Views.ts"
import { RoutesRegistry } from "./RoutesRegistry.ts"
import { evolve, type RoutesRecord } from "./RoutesRows.ts"

/** While nothing was said of an app's routes. */
interface Phase {
  /** `undefined`: before anything was. */
  readonly record: RoutesRecord | undefined
  readonly from: bigint
  /** `undefined`: it lasts as long as `latest` is what is in force. */
  readonly until: bigint | undefined
  readonly latest: RoutesRecord
}

const isIn = ({ from, latest, until }: Phase, position: bigint, now: RoutesRecord) =>
  from <= position && (until === undefined ? latest === now : position < until)

/**
 * Where what an app hears was led at a place of the log; `undefined` where nobody had said anything of it. Asked in the
 * log's order, it reads once for each time that something changed.
 */
export const make = Effect.gen(function* () {
  const registry = yield* RoutesRegistry
  const store = yield* EventStore
  const views = yield* Views
  const phases = new Map<RoutedSource, Phase>()

  const phaseAt = Effect.fnUntraced(function* (app: RoutedSource, position: bigint, latest: RoutesRecord) {
    const events = (yield* store.read(AppRoutes.streamOf(app))).filter(isReleased)
    const before = events.filter((event) => event.position <= position)
    const phase: Phase = {
      record: before.reduce<RoutesRecord | undefined>(evolve, undefined),
      from: before.at(-1)?.position ?? -1n,
      until: events[before.length]?.position,
      latest
    }
    phases.set(app, phase)
    return phase
  })

  return Effect.fnUntraced(function* (app: RoutedSource, position: bigint) {
    yield* views.reached(position)
    const now = registry.get(app)
    if (now === undefined) return undefined
    const known = phases.get(app)
    const { record } = known !== undefined && isIn(known, position, now) ? known : yield* phaseAt(app, position, now)
    return record as Configuration | undefined
  })
})
