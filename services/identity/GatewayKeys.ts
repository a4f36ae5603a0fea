import { Effect, Redacted } from "effect"
import { base64url } from "#domain/Bytes.ts"
import { type AgreementKey, Crypto, type SigningKey } from "#domain/ports/Crypto.ts"
import { SecretVault, type SecretVaultUnavailable } from "#domain/ports/SecretVault.ts"
import { keyIdOf } from "#domain/wire/Keys.ts"
import type { PublicKeys } from "#domain/wire/Trust.ts"

/** Both halves of one of the gateway's keys. */
export interface OwnKey {
  readonly generation: number
  readonly public: PublicKeys
  readonly signing: SigningKey
  readonly agreement: AgreementKey
}

type Outcome<A> = Effect.Effect<A, SecretVaultUnavailable>

/** The private halves, in the vault. A rotation adds a generation beside the ones before; none is ever replaced. */
export interface GatewayKeys {
  /** Those of the first `generations` that are there, oldest first; gateways share them by copying files. */
  readonly find: (generations: number) => Outcome<ReadonlyArray<OwnKey>>
  readonly obtain: (generation: number) => Outcome<OwnKey>
}

const secretOf = (kind: "signing" | "agreement", generation: number) =>
  generation === 1 ? `gateway-${kind}` : `gateway-${kind}-${generation}`

export const make = Effect.gen(function* () {
  const crypto = yield* Crypto
  const vault = yield* SecretVault

  const keyOf = (generation: number, signingSeed: Redacted.Redacted<Uint8Array>, agreementSeed: typeof signingSeed) => {
    const signing = crypto.signingKey(Redacted.value(signingSeed))
    const agreement = crypto.agreementKey(Redacted.value(agreementSeed))
    const own: OwnKey = {
      generation,
      public: {
        keyId: keyIdOf(crypto, signing.publicKey),
        signing: base64url(signing.publicKey),
        agreement: base64url(agreement.publicKey)
      },
      signing: signing.key,
      agreement: agreement.key
    }
    return own
  }

  const keys: GatewayKeys = {
    find: Effect.fnUntraced(function* (generations) {
      const found: Array<OwnKey> = []
      for (let generation = 1; generation <= generations; generation++) {
        const signing = yield* vault.find(secretOf("signing", generation))
        const agreement = yield* vault.find(secretOf("agreement", generation))
        if (signing !== undefined && agreement !== undefined) found.push(keyOf(generation, signing, agreement))
      }
      return found
    }),
    obtain: Effect.fnUntraced(function* (generation) {
      const signing = yield* vault.obtain(secretOf("signing", generation))
      return keyOf(generation, signing, yield* vault.obtain(secretOf("agreement", generation)))
    })
  }
  return keys
})
