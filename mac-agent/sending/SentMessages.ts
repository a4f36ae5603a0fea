import { Effect } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import type { DeviceId } from "#domain/Ids.ts"
import { toMillis } from "#domain/Instant.ts"
import { Ledger, type LedgerEntry, type LedgerState } from "#domain/ports/Ledger.ts"
import type { SentMessage } from "#domain/ports/WhatsApp.ts"
import { LedgerPatience } from "../LedgerPatience.ts"
import { GatewayClock } from "../link/GatewayClock.ts"

/** What never left, or was called failed or expired, does not leave because somebody asks. */
const mayHaveLeft: ReadonlySet<LedgerState> = new Set(["attempting", "ambiguous", "acked"])

const givenUp: ReadonlySet<LedgerState> = new Set(["rejected", "expired"])

/**
 * A device's messages by their WhatsApp ids, for words that come of them. No word gets lost: where the ledger cannot be
 * read, it waits. A reading works on a full disk as well, and does not wait for those that write.
 */
export const finding = Effect.gen(function* () {
  const ledger = yield* Ledger
  const patience = yield* LedgerPatience

  return (device: DeviceId, waMessageId: string): Effect.Effect<LedgerEntry | undefined> =>
    Effect.catch(ledger.findSent(waMessageId), () => patience.surely(ledger.findSent(waMessageId))).pipe(
      Effect.map((entry) => (entry?.device === device ? entry : undefined))
    )
})

/** The same, as a session may have them. */
export const make = Effect.gen(function* () {
  const now = yield* Clocks.wall
  const find = yield* finding
  const time = yield* GatewayClock

  /** Until it expires, by the gateway's clock, which has to be known: what would come that late is not to come at all. */
  const bytesOf = (entry: LedgerEntry): SentMessage["bytes"] =>
    Effect.suspend(() => {
      if (!mayHaveLeft.has(entry.state)) return Effect.succeed(undefined)
      if (!time.isSet()) return Effect.andThen(Effect.sleep("1 second"), bytesOf(entry))
      return Effect.succeed(now() < toMillis(entry.expiresAt) ? entry.bytes : undefined)
    })

  return (device: DeviceId, waMessageId: string): Effect.Effect<SentMessage | undefined> =>
    Effect.map(
      find(device, waMessageId),
      (entry) => entry && { to: entry.to, isGivenUp: givenUp.has(entry.state), bytes: bytesOf(entry) }
    )
})
