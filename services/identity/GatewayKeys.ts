import { Effect } from "effect"
import { Crypto } from "#domain/ports/Crypto.ts"
import { SecretVault, type SecretVaultUnavailable } from "#domain/ports/SecretVault.ts"
import { type OwnKey, ownKey } from "#domain/wire/Keys.ts"

/** One of the gateway's keys; the first is of generation 1. */
export interface GatewayKey extends OwnKey {
  readonly generation: number
}

type Outcome<A> = Effect.Effect<A, SecretVaultUnavailable>

/** The private halves, in the vault. A rotation adds a generation beside the ones before; none is ever replaced. */
export interface GatewayKeys {
  /** Those of the first `generations` that are there, oldest first; gateways share them by copying files. */
  readonly find: (generations: number) => Outcome<ReadonlyArray<GatewayKey>>
  readonly obtain: (generation: number) => Outcome<GatewayKey>
}

const secretOf = (kind: "signing" | "agreement", generation: number) =>
  generation === 1 ? `gateway-${kind}` : `gateway-${kind}-${generation}`

export const make = Effect.gen(function* () {
  const crypto = yield* Crypto
  const vault = yield* SecretVault

  const keys: GatewayKeys = {
    find: Effect.fnUntraced(function* (generations) {
      const found: Array<GatewayKey> = []
      for (let generation = 1; generation <= generations; generation++) {
        const signing = yield* vault.find(secretOf("signing", generation))
        const agreement = yield* vault.find(secretOf("agreement", generation))
        if (signing !== undefined && agreement !== undefined) {
          found.push({ generation, ...ownKey(crypto, signing, agreement) })
        }
      }
      return found
    }),
    obtain: Effect.fnUntraced(function* (generation) {
      const signing = yield* vault.obtain(secretOf("signing", generation))
      return { generation, ...ownKey(crypto, signing, yield* vault.obtain(secretOf("agreement", generation))) }
    })
  }
  return keys
})
