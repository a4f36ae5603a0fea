import { Clock, Effect, Schedule } from "effect"
import { toMillis } from "#domain/Instant.ts"
import { observe } from "../telemetry/Metrics.ts"
import { Deliveries } from "./Deliveries.ts"
import type { Destination, DestinationId } from "./Destination.ts"

/** At which nothing has arrived for so long it is failing. */
const failingMillis = 5 * 60_000

type Gauge = readonly [name: string, description: string]

/** Destinations of one sort, and how what is known of them is called. */
export interface Sort<D extends Destination> {
  readonly all: () => ReadonlyArray<D>
  readonly isEnabled: (destination: D) => boolean
  readonly gauges: Readonly<Record<"pending" | "suspended" | "oldestSeconds" | "failing", Gauge>>
}

/** How deliveries to them stand, as it was a moment ago: looked up every `lookMillis`, and not while there are none. */
export const watch = Effect.fnUntraced(function* <D extends Destination>(
  { all, gauges, isEnabled }: Sort<D>,
  lookMillis = 10_000
) {
  const { rows } = yield* Deliveries
  let standing: Effect.Success<typeof rows.standing> = []
  let failing = new Map<DestinationId, number>()
  let now = 0

  const look = Effect.gen(function* () {
    if (all().length === 0 && standing.length === 0 && failing.size === 0) return
    standing = yield* rows.standing
    failing = new Map((yield* rows.failing).map(({ endpoint, since }) => [endpoint, since]))
    now = yield* Clock.currentTimeMillis
  })
  yield* Effect.forkScoped(Effect.repeat(Effect.ignore(look), Schedule.spaced(lookMillis)))

  const isFailing = (one: D) =>
    isEnabled(one) && now - Math.max(failing.get(one.id) ?? now, toMillis(one.aimedAt)) >= failingMillis
  const of = (some: ReadonlyArray<D>) => {
    const ids = new Set(some.map(({ id }) => id))
    return standing.filter(({ endpoint }) => ids.has(endpoint))
  }
  const waiting = () => of(all().filter(isEnabled))
  const sum = (some: typeof standing) => some.reduce((before, { pending }) => before + pending, 0)

  observe(...gauges.pending, () => sum(waiting()))
  observe(...gauges.suspended, () => sum(of(all().filter((one) => !isEnabled(one)))))
  observe(
    ...gauges.oldestSeconds,
    () => waiting().reduce((longest, { oldest }) => Math.max(longest, now - oldest), 0) / 1_000
  )
  observe(...gauges.failing, () => all().filter(isFailing).length)

  return { isAnyFailing: () => all().some(isFailing) }
})
