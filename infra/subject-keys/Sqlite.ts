import { Effect, Layer } from "effect"
import type { SubjectId, TenantId } from "#domain/Ids.ts"
import { lru } from "#domain/Lru.ts"
import { type SubjectKey, SubjectKeys, SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import * as Database from "#infra/sqlite/Database.ts"
import * as GroupCommit from "#infra/sqlite/GroupCommit.ts"
import { keysTable, schema } from "./KeysTable.ts"
import { wrappedKeys } from "./WrappedKeys.ts"

const cacheCapacity = 10_000

/** What a commit did to a subject: `key` is the one it has now. */
interface Change {
  readonly name: string
  readonly key: SubjectKey | undefined
}

const make = Effect.fnUntraced(function* (file: string) {
  const { db, tables: table } = yield* Database.openWith(file, { durability: "commit", schema }, keysTable)
  const wrapping = yield* wrappedKeys(file, table.some())
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

  const opened = (tenant: TenantId, subject: SubjectId): ReadonlyArray<SubjectKey> =>
    table.all(tenant, subject).flatMap((stored) => wrapping.unwrap(tenant, subject, stored) ?? [])

  const current = (tenant: TenantId, subject: SubjectId): SubjectKey | undefined => {
    const name = nameOf(tenant, subject)
    const cached = cache.get(name)
    if (cached !== undefined) return cached
    const [key] = opened(tenant, subject)
    if (key !== undefined) cache.set(name, key)
    return key
  }

  const create = (tenant: TenantId, subject: SubjectId) =>
    Effect.suspend(() => {
      const candidate = wrapping.make(tenant, subject)
      const made = wrapping.unwrap(tenant, subject, candidate)!
      return group.write(() => {
        const [first] = opened(tenant, subject) // the one that counts; beside a damaged one there is another
        if (first === undefined) table.insert(tenant, subject, candidate)
        return { name: nameOf(tenant, subject), key: first ?? made }
      })
    }).pipe(
      Effect.map(({ key }) => key),
      Effect.mapError(({ cause }) => unavailable(cause))
    )

  /** What changes no subject's key. */
  const nobody = { name: "", key: undefined }
  /** What could not be read last: as long as it cannot, whoever it is of is written to no more. */
  let failing: (() => unknown) | undefined
  const reading = <A>(read: () => A) =>
    Effect.try({ try: read, catch: unavailable }).pipe(
      Effect.tap(wrapping.tell),
      Effect.tapError(() =>
        Effect.sync(() => {
          failing = read
        })
      )
    )
  const readable = Effect.suspend(() => (failing === undefined ? Effect.void : reading(failing))).pipe(
    Effect.andThen(
      Effect.sync(() => {
        failing = undefined
      })
    )
  )

  return SubjectKeys.of({
    obtain: (tenant, subject) =>
      Effect.flatMap(
        reading(() => current(tenant, subject)),
        (key) => (key === undefined ? create(tenant, subject) : Effect.succeed(key))
      ),

    find: (tenant, subject, version) =>
      reading(() => {
        const latest = current(tenant, subject)
        if (latest?.version === version) return latest.key
        const wrapped = table.find(tenant, subject, version)
        if (typeof wrapped === "string") return wrapped
        return wrapping.unwrap(tenant, subject, { version, wrapped })?.key ?? "missing"
      }),

    all: (tenant, subject) => reading(() => opened(tenant, subject)),

    destroy: (tenant, subject) =>
      group
        .write((): Change => {
          table.destroy(tenant, subject)
          return { name: nameOf(tenant, subject), key: undefined }
        })
        .pipe(
          Effect.mapError(({ cause }) => unavailable(cause)),
          Effect.andThen(reading(table.forgetLog))
        ),

    // nobody else has this file: what is in memory is what was committed
    forget: (tenant, subject) => void cache.delete(nameOf(tenant, subject)),

    ready: Effect.andThen(
      readable,
      Effect.mapError(group.usable, ({ cause }) => unavailable(cause))
    ),

    ownership: reading(table.ownership),
    claim: (log) =>
      group
        .write((): Change => {
          table.claim(log)
          return nobody
        })
        .pipe(
          Effect.mapError(({ cause }) => unavailable(cause)),
          Effect.asVoid
        )
  })
})

/** Subject keys in a SQLite file of their own, wrapped by a secret that is not in it. */
export const layer = (file: string) => Layer.effect(SubjectKeys, make(file))
