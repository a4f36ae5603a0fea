import { Effect, Redacted } from "effect"
import { base64url, lengthPrefixed } from "#domain/Bytes.ts"
import type { SubjectId, TenantId } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import type { SubjectKey } from "#domain/ports/SubjectKeys.ts"
import { sealedBlobs } from "#infra/crypto/SealedBlob.ts"

/** A data key as a database keeps it. */
export interface StoredKey {
  readonly version: string
  readonly wrapped: Uint8Array
}

const keyLength = 32
/** Random, so that a version is never used again, not even after its subject was forgotten. */
const versionLength = 9

/** Binds a wrapped key to its row: copied over another subject's, it does not open. */
const contextOf = (tenant: TenantId, subject: SubjectId, version: string) =>
  lengthPrefixed("homing/subject-key/1", tenant, subject, version)

/** Data keys under the master key, which is a secret of the vault and in no database. */
export const wrappedKeys = Effect.gen(function* () {
  const crypto = yield* Crypto
  const secret = yield* (yield* SecretVault).obtain("subject-keys")
  const master = sealedBlobs(crypto, crypto.cipherKey(Redacted.value(secret)))
  return {
    make: (tenant: TenantId, subject: SubjectId): StoredKey => {
      const version = base64url(crypto.random(versionLength))
      return { version, wrapped: master.seal(crypto.random(keyLength), contextOf(tenant, subject, version)) }
    },
    /** Throws when the key was not wrapped under this master key for this subject. */
    unwrap: (tenant: TenantId, subject: SubjectId, { version, wrapped }: StoredKey): SubjectKey => ({
      version,
      key: crypto.cipherKey(master.open(wrapped, contextOf(tenant, subject, version)))
    })
  }
})
