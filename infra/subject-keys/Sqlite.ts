import { Effect, Layer, Redacted } from "effect"
import { base64url } from "#domain/Bytes.ts"
import type { SubjectId, TenantId } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import { type SubjectKey, SubjectKeys, SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { sealedBlobs } from "#infra/crypto/SealedBlob.ts"
import * as Database from "#infra/sqlite/Database.ts"
import * as GroupCommit from "#infra/sqlite/GroupCommit.ts"
import { contextOf, keysTable, type StoredKey, schema } from "./KeysTable.ts"
import { lru } from "./Lru.ts"

const cacheCapacity = 10_000
const keyLength = 32
/** Random, so that a version is never used again, not even after its subject was forgotten. */
const versionLength = 9

/** What a commit did to a subject: `key` is the one it has now. */
interface Change {
  readonly name: string
  readonly key: SubjectKey | undefined
}

const make = Effect.fnUntraced(function* (file: string) {
  const crypto = yield* Crypto
  const secret = yield* (yield* SecretVault).obtain("subject-keys")
  const master = sealedBlobs(crypto, crypto.cipherKey(Redacted.value(secret)))

  const db = yield* Database.open(file, { durability: "commit", schema })
  const table = keysTable(db)
  const cache = lru<SubjectKey>(cacheCapacity)
  // The cache follows the commits in their order: it cannot bring back a key that a later commit destroyed.
  const group = yield* GroupCommit.make<Change>(db, (changes) => {
    for (const { key, name } of changes) {
      if (key === undefined) cache.delete(name)
      else cache.set(name, key)
    }
  })

  const nameOf = (tenant: TenantId, subject: SubjectId) => `${tenant}/${subject}`
  const unavailable = (cause: unknown) => new SubjectKeysUnavailable({ cause })

  const unwrap = (tenant: TenantId, subject: SubjectId, { version, wrapped }: StoredKey): SubjectKey => ({
    version,
    key: crypto.cipherKey(master.open(wrapped, contextOf(tenant, subject, version)))
  })

  const newKey = (tenant: TenantId, subject: SubjectId): StoredKey => {
    const version = base64url(crypto.random(versionLength))
    return { version, wrapped: master.seal(crypto.random(keyLength), contextOf(tenant, subject, version)) }
  }

  const current = (tenant: TenantId, subject: SubjectId): SubjectKey | undefined => {
    const name = nameOf(tenant, subject)
    const cached = cache.get(name)
    if (cached !== undefined) return cached
    const stored = table.current(tenant, subject)
    if (stored === undefined) return undefined
    const key = unwrap(tenant, subject, stored)
    cache.set(name, key)
    return key
  }

  const create = (tenant: TenantId, subject: SubjectId) =>
    Effect.suspend(() => {
      const candidate = newKey(tenant, subject)
      return group.write(() => ({
        name: nameOf(tenant, subject),
        key: unwrap(tenant, subject, table.keepFirst(tenant, subject, candidate))
      }))
    }).pipe(
      Effect.map(({ key }) => key),
      Effect.mapError(({ cause }) => unavailable(cause))
    )

  const reading = <A>(read: () => A) => Effect.try({ try: read, catch: unavailable })

  return SubjectKeys.of({
    obtain: (tenant, subject) =>
      Effect.flatMap(
        reading(() => current(tenant, subject)),
        (key) => (key === undefined ? create(tenant, subject) : Effect.succeed(key))
      ),

    find: (tenant, subject, version) =>
      reading(() => {
        const latest = current(tenant, subject)
        if (latest === undefined || latest.version === version) return latest?.key
        const wrapped = table.find(tenant, subject, version)
        return wrapped && unwrap(tenant, subject, { version, wrapped }).key
      }),

    destroy: (tenant, subject) =>
      group
        .write((): Change => {
          table.destroy(tenant, subject)
          return { name: nameOf(tenant, subject), key: undefined }
        })
        .pipe(
          Effect.mapError(({ cause }) => unavailable(cause)),
          Effect.andThen(reading(table.forgetLog))
        )
  })
})

/** Subject keys in a SQLite file of their own, wrapped by a secret that is not in it. */
export const layer = (file: string) => Layer.effect(SubjectKeys, make(file))
