import { Effect } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import { Archive } from "#domain/ports/Archive.ts"
import { EventBus } from "#domain/ports/EventBus.ts"
import type { Left, LeftPlace } from "#domain/privacy/Erasure.ts"
import { longestExpirySeconds } from "../api/MessagesApi.ts"

const hourMillis = 3_600_000
/**
 * For so long an agent that runs keeps what it was commanded, since its first attempt; it looks every hour. What was
 * accepted a moment ago may have its first attempt as late as it expires. Nobody on this side can shorten it.
 */
const ledgerMillis = longestExpirySeconds * 1_000 + 31 * 24 * hourMillis + hourMillis

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
      { place: "agents", until: fromMillis(now + ledgerMillis) },
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
