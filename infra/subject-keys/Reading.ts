import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { SubjectId, TenantId } from "#domain/Ids.ts"
import { SubjectKeys, SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import * as Reading from "#infra/sqlite/Reading.ts"
import { type OwnedKey, type StoredKey, wrappedKeys } from "./WrappedKeys.ts"

const refused = Effect.fail(new SubjectKeysUnavailable({ cause: new Error("the keys are open for reading alone") }))

/** Where keys are kept, and those that were destroyed. */
interface Places {
  readonly name: string
  readonly kept: ReadonlyArray<string>
  readonly destroyed: string
}

const reading = ({ destroyed, kept, name }: Places) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const some = yield* sql<OwnedKey>`SELECT * FROM ${sql(kept[0]!)} LIMIT 16`
    const wrapping = yield* wrappedKeys(name, some)
    const rowsIn = (table: string, tenant: TenantId, subject: SubjectId) =>
      sql<StoredKey>`SELECT version, wrapped FROM ${sql(table)} WHERE tenant = ${tenant} AND subject = ${subject}`
    const unavailable = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.mapError(effect, (cause) => new SubjectKeysUnavailable({ cause }))
    /** Of a copy of before, a key may be there that was destroyed. */
    const gone = (tenant: TenantId, subject: SubjectId) =>
      Effect.map(
        sql<{ readonly version: string }>`SELECT version FROM ${sql(destroyed)}
          WHERE tenant = ${tenant} AND subject = ${subject}`,
        (rows) => new Set(rows.map(({ version }) => version))
      )
    const all = Effect.fnUntraced(function* (tenant: TenantId, subject: SubjectId) {
      const destroyed = yield* gone(tenant, subject)
      const found = yield* Effect.forEach(kept, (table) => rowsIn(table, tenant, subject))
      return found
        .flat()
        .flatMap((row) => (destroyed.has(row.version) ? [] : (wrapping.unwrap(tenant, subject, row) ?? [])))
    }, unavailable)

    return SubjectKeys.of({
      obtain: () => refused,
      claim: () => refused,
      destroy: () => refused,
      forget: () => undefined, // nothing is remembered here
      ownership: refused,
      ready: Effect.void,
      all,
      find: (tenant, subject, version) =>
        Effect.gen(function* () {
          if ((yield* gone(tenant, subject)).has(version)) return "destroyed" as const
          const keys = yield* all(tenant, subject)
          return keys.find((one) => one.version === version)?.key ?? ("missing" as const)
        }).pipe(unavailable)
    })
  })

/** Keys in a file, or on a PostgreSQL, to open what is sealed under them. None is made, and none destroyed. */
export const sqlite = (file: string) =>
  Layer.effect(SubjectKeys, reading({ name: file, kept: ["keys"], destroyed: "destroyed" })).pipe(
    Layer.provide(Layer.fresh(Reading.client(file)))
  )

export const postgres = Layer.effect(
  SubjectKeys,
  reading({
    name: "PostgreSQL",
    kept: ["subject_keys", "older_subject_keys"],
    destroyed: "destroyed_subject_keys"
  })
)
