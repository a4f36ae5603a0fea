import { Context, Effect, Layer } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { lengthPrefixed } from "#domain/Bytes.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { Provenance } from "../runtime/Provenance.ts"
import type { RowsView } from "./RowsView.ts"

/** The rows and the place in the log that belong together. */
export interface Stand {
  /** The sum of the codes of all rows: one that is added, changed or gone makes it another. Nobody is told it. */
  readonly weight: bigint
  readonly position: bigint | undefined
}

/** Whether rows of it decide who may do what. */
export const isSealed = ({ tables }: RowsView) => tables.some(({ sealed }) => sealed !== undefined)

/** Under the log's pepper, that rows that decide something are those that were written up to their place in the log. */
export class Seals extends Context.Service<
  Seals,
  {
    /** What all such rows of a view weigh, or those that these events may write. */
    readonly weigh: (
      sql: SqlClient.SqlClient,
      view: RowsView,
      events?: ReadonlyArray<RecordedEvent>
    ) => Effect.Effect<bigint, SqlError.SqlError>
    readonly seal: (view: RowsView, stand: Stand) => string
  }
>()("homing/services/views/Seals") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const crypto = yield* Crypto
      const { pepper } = yield* Provenance
      const code = (...parts: ReadonlyArray<string>) => crypto.mac(pepper, lengthPrefixed("rows", ...parts), "hex")
      return {
        seal: ({ name, version }, { position, weight }) =>
          code("all", name, String(version), String(position), weight.toString(16)),
        weigh: Effect.fnUntraced(function* (sql, view, events) {
          let weight = 0n
          for (const { name, sealed } of view.tables) {
            if (sealed === undefined) continue
            const ids = events?.flatMap((event) => sealed.idOf(event) ?? [])
            if (ids?.length === 0) continue
            const of = ids === undefined ? sql`TRUE` : sql.in("id", [...new Set(ids)])
            const rows = yield* sql`SELECT ${sql.literal(sealed.columns)} FROM ${sql(name)} WHERE ${of}`
            for (const row of rows) weight += BigInt(`0x${code("one", name, JSON.stringify(row))}`)
          }
          return BigInt.asUintN(256, weight)
        })
      }
    })
  )
}

/** What rows weigh after some of them have changed. */
export const reweighed = (weight: bigint, before: bigint, after: bigint) => BigInt.asUintN(256, weight - before + after)
