import { type Array, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Clocks from "#domain/Clocks.ts"
import type { SubjectId, TenantId } from "#domain/Ids.ts"
import { lru } from "#domain/Lru.ts"
import { type SubjectKey, SubjectKeys, SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { creating } from "#infra/postgres/Schema.ts"
import { together } from "#infra/postgres/Together.ts"
import * as PostgresTables from "./PostgresTables.ts"
import { mostLookedAt, type OwnedKey, type StoredKey, wrappedKeys } from "./WrappedKeys.ts"

const cacheCapacity = 10_000
const patience = "5 seconds"

/**
 * How long a key is believed to exist after the database said so. Another process may destroy it meanwhile: what is
 * sealed under it can be read here for this long afterwards. Nothing is sealed under it: `obtain` always asks.
 */
export const beliefMillis = 5_000

interface Name {
  readonly tenant: TenantId
  readonly subject: SubjectId
}

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const now = yield* Clocks.steady
  yield* creating(sql, PostgresTables.setUp(sql))
  const some = yield* sql<OwnedKey>`SELECT * FROM subject_keys LIMIT ${mostLookedAt}`
  const wrapping = yield* wrappedKeys("PostgreSQL", some)

  const cache = lru<{ readonly key: SubjectKey; readonly until: number }>(cacheCapacity)
  /** Rises with every key destroyed: what was read before is not remembered after. */
  let destroyed = 0
  const nameOf = (tenant: TenantId, subject: SubjectId) => `${tenant}/${subject}`

  const stored = yield* together((names: Array.NonEmptyReadonlyArray<Name>) =>
    Effect.map(
      sql<Name & StoredKey>`SELECT tenant, subject, version, wrapped
        FROM jsonb_to_recordset(${JSON.stringify(names)}::jsonb) AS named (tenant TEXT, subject TEXT)
        JOIN subject_keys USING (tenant, subject)`,
      (rows) => {
        const found = new Map(rows.map((row) => [nameOf(row.tenant, row.subject), row]))
        return names.map(({ subject, tenant }) => found.get(nameOf(tenant, subject)))
      }
    )
  )

  const unwrapped = (tenant: TenantId, subject: SubjectId, row: StoredKey) =>
    Effect.tap(
      Effect.sync(() => wrapping.unwrap(tenant, subject, row)),
      wrapping.tell
    )

  /** Makes room for another; where it goes it is found by its version, should it be put back. */
  const setAside = (tenant: TenantId, subject: SubjectId, { version, wrapped }: StoredKey) =>
    sql`WITH damaged AS (
        DELETE FROM subject_keys WHERE tenant = ${tenant} AND subject = ${subject} AND version = ${version}
          AND wrapped = ${wrapped} RETURNING tenant, subject, version, wrapped)
      INSERT INTO older_subject_keys SELECT * FROM damaged ON CONFLICT (tenant, subject, version) DO NOTHING`

  /** The subject's key as the database has it now. What it said is believed from before it was asked. */
  const current = Effect.fnUntraced(function* (tenant: TenantId, subject: SubjectId) {
    const until = now() + beliefMillis
    const asked = destroyed
    const row = yield* stored({ tenant, subject })
    const name = nameOf(tenant, subject)
    const before = cache.get(name)?.key
    cache.delete(name)
    if (row === undefined) return undefined
    const key = before?.version === row.version ? before : yield* unwrapped(tenant, subject, row)
    if (key !== undefined && asked === destroyed) cache.set(name, { key, until })
    return key ?? { damaged: row }
  })

  /** Of all who create a subject's key the first wins; the others wait for its commit, and read it. */
  const create = Effect.fnUntraced(function* (tenant: TenantId, subject: SubjectId) {
    for (;;) {
      const { version, wrapped } = wrapping.make(tenant, subject)
      yield* sql`INSERT INTO subject_keys ${sql.insert({ tenant, subject, version, wrapped })}
        ON CONFLICT (tenant, subject) DO NOTHING`
      const key = yield* current(tenant, subject)
      if (key !== undefined && "key" in key) return key
      if (key !== undefined) yield* setAside(tenant, subject, key.damaged)
    }
  })

  /** A key that is not the subject's own one now. */
  const notCurrent = Effect.fnUntraced(function* (tenant: TenantId, subject: SubjectId, version: string) {
    const [older] = yield* sql<StoredKey>`SELECT version, wrapped FROM older_subject_keys
      WHERE tenant = ${tenant} AND subject = ${subject} AND version = ${version}`
    if (older !== undefined) return (yield* unwrapped(tenant, subject, older))?.key ?? "missing"
    const [destroyed] = yield* sql`SELECT 1 FROM destroyed_subject_keys
      WHERE tenant = ${tenant} AND subject = ${subject} AND version = ${version}`
    return destroyed === undefined ? "missing" : "destroyed"
  })

  const forget = (tenant: TenantId, subject: SubjectId) => {
    destroyed++
    cache.delete(nameOf(tenant, subject))
  }

  const bounded = <A, E>(effect: Effect.Effect<A, E>) =>
    effect.pipe(
      Effect.timeout(patience),
      Effect.mapError((cause) => new SubjectKeysUnavailable({ cause }))
    )
  /** What went wrong last, to be tried again by whoever asks whether all is well. */
  let failing: Effect.Effect<unknown, unknown> = Effect.void
  const unless = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.tapError(bounded(effect), () =>
      Effect.sync(() => {
        failing = effect
      })
    )
  const tables = sql`SELECT 1 FROM subject_keys, older_subject_keys, destroyed_subject_keys LIMIT 0`

  return SubjectKeys.of({
    obtain: (tenant, subject) =>
      unless(
        Effect.flatMap(current(tenant, subject), (key) =>
          key !== undefined && "key" in key ? Effect.succeed(key) : create(tenant, subject)
        )
      ),

    find: (tenant, subject, version) =>
      Effect.suspend(() => {
        const known = cache.get(nameOf(tenant, subject))
        if (known?.key.version === version && now() < known.until) {
          return Effect.succeed(known.key.key)
        }
        return unless(
          Effect.flatMap(current(tenant, subject), (key) => {
            if (key === undefined || "key" in key) {
              return key?.version === version ? Effect.succeed(key.key) : notCurrent(tenant, subject, version)
            }
            return key.damaged.version === version ? Effect.succeed("missing") : notCurrent(tenant, subject, version)
          })
        )
      }),

    all: (tenant, subject) =>
      unless(
        Effect.flatMap(
          sql<StoredKey>`SELECT version, wrapped FROM subject_keys WHERE tenant = ${tenant} AND subject = ${subject}
            UNION ALL SELECT version, wrapped FROM older_subject_keys
            WHERE tenant = ${tenant} AND subject = ${subject}`,
          (rows) =>
            Effect.map(
              Effect.forEach(rows, (row) => unwrapped(tenant, subject, row)),
              (keys) => keys.filter((key) => key !== undefined)
            )
        )
      ),

    ready: Effect.suspend(() => bounded(Effect.andThen(tables, failing))).pipe(
      Effect.andThen(
        Effect.sync(() => {
          failing = Effect.void
        })
      )
    ),

    ownership: unless(
      Effect.map(
        sql<{ readonly log: string | null; readonly is_empty: boolean }>`
          SELECT (SELECT log FROM subject_keys_owner) AS log,
            NOT EXISTS (SELECT 1 FROM subject_keys) AND NOT EXISTS (SELECT 1 FROM destroyed_subject_keys) AS is_empty`,
        ([row]) => ({ log: row?.log ?? undefined, isEmpty: row?.is_empty ?? true })
      )
    ),

    claim: (log) =>
      Effect.asVoid(
        unless(sql`INSERT INTO subject_keys_owner (id, log) VALUES (1, ${log})
          ON CONFLICT (id) DO UPDATE SET log = excluded.log`)
      ),

    destroy: (tenant, subject) =>
      unless(sql`WITH gone AS (
          DELETE FROM subject_keys WHERE tenant = ${tenant} AND subject = ${subject} RETURNING tenant, subject, version),
        older AS (
          DELETE FROM older_subject_keys WHERE tenant = ${tenant} AND subject = ${subject} RETURNING tenant, subject, version)
        INSERT INTO destroyed_subject_keys SELECT * FROM gone UNION SELECT * FROM older
        ON CONFLICT (tenant, subject, version) DO NOTHING`).pipe(
        Effect.ensuring(Effect.sync(() => forget(tenant, subject))),
        Effect.asVoid
      ),

    forget
  })
})

/** Subject keys in PostgreSQL, wrapped by a secret that is not in it. */
export const layer = Layer.effect(SubjectKeys, make)
