import { Effect } from "effect"
import type { Instant } from "#domain/Instant.ts"
import { isTaken, type LogIdentityState } from "#domain/identity/LogIdentityState.ts"
import type { SigningKey } from "#domain/ports/Crypto.ts"
import type { GatewayKey, GatewayKeys } from "./GatewayKeys.ts"

type Opened = Extract<LogIdentityState, { _tag: "Open" }>

export interface Signer {
  readonly keyId: string
  readonly key: SigningKey
}

/** The gateway's keys that are here, oldest first, and what the log says of them. */
interface Holding {
  readonly state: Pick<Opened, "active" | "gatewayKeys">
  readonly own: ReadonlyArray<GatewayKey>
}

const taken =
  ({ state }: Holding, now: Instant) =>
  ({ public: { keyId } }: GatewayKey): boolean => {
    const recorded = state.gatewayKeys.get(keyId)
    return recorded !== undefined && isTaken(recorded, now)
  }

const signerOf = (key: GatewayKey | undefined): Signer | undefined =>
  key && { keyId: key.public.keyId, key: key.signing }

/** The active one, if it is here; else the newest that agents still take: another gateway holds the newer one. */
export const signing = (holding: Holding, now: Instant): Signer | undefined => {
  const { own, state } = holding
  const isGood = taken(holding, now)
  return signerOf(own.find((key) => key.public.keyId === state.active && isGood(key)) ?? own.findLast(isGood))
}

/** The oldest that agents still take. */
export const announcing = (holding: Holding, now: Instant): Signer | undefined =>
  signerOf(holding.own.find(taken(holding, now)))

/**
 * Looks for the secrets of the keys that the log knows. Those that were found once are kept: that they cannot be read now is
 * no reason not to hear what else the log says.
 */
export const holding = (keys: GatewayKeys) =>
  Effect.sync(() => {
    const held = new Map<string, GatewayKey>()
    return Effect.fnUntraced(function* ({ gatewayKeys }: Pick<Opened, "gatewayKeys">) {
      const found = yield* Effect.catch(keys.find(gatewayKeys.size), (cause) =>
        held.size === 0
          ? Effect.fail(cause)
          : Effect.as(Effect.logError("the gateway's secrets cannot be read; those read before are used", cause), [])
      )
      for (const key of found) held.set(key.public.keyId, key)
      return [...held.values()]
        .filter(({ public: { agreement, keyId } }) => gatewayKeys.get(keyId)?.agreement === agreement) // both halves
        .toSorted((a, b) => a.generation - b.generation)
    })
  })
