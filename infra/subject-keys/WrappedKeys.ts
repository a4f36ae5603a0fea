import { Effect, Redacted, Schema } from "effect"
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

/** Whose it is, too. */
export interface OwnedKey extends StoredKey {
  readonly tenant: TenantId
  readonly subject: SubjectId
}

/** What keeps the keys is there, and cannot be what this process works with. */
export class SubjectKeysUnfit extends Schema.TaggedError<SubjectKeysUnfit>()("SubjectKeysUnfit", {
  place: Schema.String,
  problem: Schema.String
}) {
  override get message() {
    return `the subject keys in ${this.place} cannot be used: ${this.problem}`
  }
}

const keyLength = 32
/** Random, so that a version is never used again, not even after its subject was forgotten. */
const versionLength = 9

/** Binds a wrapped key to its row: copied over another subject's, it does not open. */
const contextOf = (tenant: TenantId, subject: SubjectId, version: string) =>
  lengthPrefixed("homing/subject-key/1", tenant, subject, version)

/** So many are looked at for one that proves the secret: a single one may be damaged. */
export const mostLookedAt = 16
/** How many damaged keys are told of, each once. */
const mostTold = 1_000

/**
 * Data keys under the master key, which is a secret of the vault and in no database. `some`: of those at `place`, if there
 * are any. One that opens proves the secret, and then none is made in place of one that is missing.
 */
export const wrappedKeys = Effect.fnUntraced(function* (place: string, some: ReadonlyArray<OwnedKey>) {
  const crypto = yield* Crypto
  const vault = yield* SecretVault
  const secret = some.length === 0 ? yield* vault.obtain("subject-keys") : yield* vault.find("subject-keys")
  if (secret === undefined) {
    const problem = "the secret subject-keys is missing, without which none of them opens. Put it back from a backup"
    return yield* new SubjectKeysUnfit({ place, problem })
  }
  const master = sealedBlobs(crypto, crypto.cipherKey(Redacted.value(secret)))
  const opened = (tenant: TenantId, subject: SubjectId, { version, wrapped }: StoredKey): SubjectKey | undefined => {
    try {
      return { version, key: crypto.cipherKey(master.open(wrapped, contextOf(tenant, subject, version))) }
    } catch {
      return undefined
    }
  }
  if (some.length > 0 && !some.some((one) => opened(one.tenant, one.subject, one) !== undefined)) {
    const problem =
      "they were not wrapped under the secret subject-keys that is here. Put back the one that goes with them"
    return yield* new SubjectKeysUnfit({ place, problem })
  }

  const damaged = new Set<string>()
  const untold: Array<{ readonly subject: SubjectId; readonly version: string }> = []
  return {
    make: (tenant: TenantId, subject: SubjectId): StoredKey => {
      const version = base64url(crypto.random(versionLength))
      return { version, wrapped: master.seal(crypto.random(keyLength), contextOf(tenant, subject, version)) }
    },
    /** `undefined` when it was not wrapped under this master key for this subject: it is damaged, and as good as missing. */
    unwrap: (tenant: TenantId, subject: SubjectId, stored: StoredKey): SubjectKey | undefined => {
      const key = opened(tenant, subject, stored)
      const { version } = stored
      if (key === undefined && !damaged.has(version) && damaged.size < mostTold) {
        damaged.add(version)
        untold.push({ subject, version })
      }
      return key
    },
    /** Says which were found damaged since. */
    tell: Effect.suspend(() =>
      Effect.forEach(
        untold.splice(0),
        (key) => Effect.logError("a subject key is damaged: put it back from a backup", { place, ...key }),
        { discard: true }
      )
    )
  }
})
