import { Array, Effect, Redacted } from "effect"
import { base64url } from "#domain/Bytes.ts"
import { type AgreementKey, Crypto, type SigningKey } from "#domain/ports/Crypto.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import { keyIdOf } from "#domain/wire/Keys.ts"
import type { PublicKeys } from "#domain/wire/Trust.ts"

/** Both halves of one of the agent's keys. */
export interface OwnKey {
  readonly public: PublicKeys
  readonly signing: SigningKey
  readonly agreement: AgreementKey
}

const secretOf = (kind: "signing" | "agreement", generation: number) =>
  generation === 1 ? `agent-${kind}` : `agent-${kind}-${generation}`

/** The agent's keys from the vault, the newest last; made on first use. */
export const ownKeys = Effect.fnUntraced(function* (generations: number) {
  const crypto = yield* Crypto
  const vault = yield* SecretVault
  return yield* Effect.forEach(
    Array.range(1, generations),
    Effect.fnUntraced(function* (generation) {
      const signing = crypto.signingKey(Redacted.value(yield* vault.obtain(secretOf("signing", generation))))
      const agreement = crypto.agreementKey(Redacted.value(yield* vault.obtain(secretOf("agreement", generation))))
      const key: OwnKey = {
        public: {
          keyId: keyIdOf(crypto, signing.publicKey),
          signing: base64url(signing.publicKey),
          agreement: base64url(agreement.publicKey)
        },
        signing: signing.key,
        agreement: agreement.key
      }
      return key
    })
  )
})
