import { Effect } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import { Archive } from "#domain/ports/Archive.ts"
import { EventBus } from "#domain/ports/EventBus.ts"
import type { Left, LeftPlace } from "#domain/privacy/Erasure.ts"

const dayMillis = 24 * 3_600_000
/** For so long agents keep what they were commanded; nobody on this side can shorten it. */
const ledgerDays = 31

interface Place {
  readonly place: LeftPlace
  readonly until?: ReturnType<typeof fromMillis>
}

/** What is out of reach of an erasure on this gateway: said with each, so that nobody takes silence for nothing. */
export const make = Effect.gen(function* () {
  const archive = yield* Archive
  const bus = yield* EventBus
  return (now: number, isAnyRaw: boolean): Left => {
    const places: ReadonlyArray<Place> = [
      { place: "agents", until: fromMillis(now + ledgerDays * dayMillis) },
      ...(bus === undefined ? [] : [{ place: "events", until: fromMillis(now + bus.keptMillis) } as const]),
      ...(archive === undefined ? [] : [{ place: "archive" } as const]),
      ...(isAnyRaw ? [{ place: "requests" } as const] : []),
      { place: "receivers" },
      { place: "others" },
      { place: "backups" }
    ]
    return places
  }
})
