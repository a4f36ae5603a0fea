import { Array, Effect } from "effect"
import { SqlClient, type SqlError, type Statement } from "effect/sql"
import { type ClientId, defaultTenant } from "#domain/Ids.ts"
import { reader } from "../views/Readable.ts"
import type { SealedDocument } from "./MessageDocument.ts"
import { Whole, wholeColumns } from "./MessagesRows.ts"
import * as SenderRows from "./SenderRows.ts"

/** Messages as they are listed, page by page. */

export interface Listed {
  readonly position: bigint
  readonly id: string
  /** `undefined`: the row is not what was written. */
  readonly document: SealedDocument | undefined
}

const read = reader("messages", Whole)

const documentOf = ({
  position: _,
  queued: { replyTo, waMessageId, ...queued },
  ...row
}: typeof Whole.Type): SealedDocument => ({
  ...row,
  ...queued,
  waMessageId,
  replyTo
})
const listed = (rows: ReadonlyArray<{ readonly position: string }>): Effect.Effect<ReadonlyArray<Listed>> =>
  Effect.map(read(rows), (found) =>
    found.map(({ id, row }, i) => ({
      position: BigInt(rows[i]!.position),
      id,
      document: row && documentOf(row)
    }))
  )

interface Filter {
  /** Who queued them. */
  readonly client: ClientId | undefined
  readonly status: string | undefined
  readonly device: string | undefined
  readonly after: bigint | undefined
  /** Only those behind this place in the log. */
  readonly behind?: bigint | undefined
  readonly limit: number
}

const conditionsOf = (sql: SqlClient.SqlClient, filter: Filter) =>
  sql.and([
    sql`tenant = ${defaultTenant}`,
    ...(filter.client === undefined ? [] : [SenderRows.sentBy(sql, filter.client)]),
    ...(filter.status === undefined ? [] : [sql`status = ${filter.status}`]),
    ...(filter.device === undefined ? [] : [sql`device = ${filter.device}`]),
    ...(filter.after === undefined ? [] : [sql`position < ${filter.after}`]),
    ...(filter.behind === undefined ? [] : [sql`position > ${filter.behind}`])
  ])

const page = (sql: SqlClient.SqlClient, condition: Statement.Fragment, limit: number) =>
  Effect.flatMap(
    sql<{ readonly position: string }>`SELECT ${sql.literal(wholeColumns)} FROM messages WHERE ${condition}
      ORDER BY messages.position DESC LIMIT ${limit}`,
    listed
  )

const devicesAtOnce = 64
/** A database takes only so many values at once. */
const positionsAtOnce = 500

/**
 * Of some devices the newest of each, by its index, and of these the newest: however many there are of other devices, none
 * is looked at.
 */
const ofDevices = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  { limit, ...filter }: Filter,
  devices: Iterable<string>
) {
  const found: globalThis.Array<Listed> = []
  for (const some of Array.chunksOf(devices, devicesAtOnce)) {
    const newest = some.map(
      (device, i) => sql`SELECT position FROM (SELECT position FROM messages
        WHERE ${conditionsOf(sql, { ...filter, limit, device })}
        ORDER BY position DESC LIMIT ${limit}) AS ${sql.literal(`of_${i}`)}`
    )
    found.push(...(yield* page(sql, sql`position IN (${sql.join(" UNION ALL ", false)(newest)})`, limit)))
  }
  return found.sort((a, b) => (a.position < b.position ? 1 : -1)).slice(0, limit)
})

/** Newest first, those before `after`; with `devices`, what was sent by one of these. */
export const list = (
  sql: SqlClient.SqlClient,
  { devices, ...filter }: Filter & { readonly devices?: ReadonlySet<string> | undefined }
): Effect.Effect<ReadonlyArray<Listed>, SqlError.SqlError> => {
  const { device, limit } = filter
  if (devices === undefined) return page(sql, conditionsOf(sql, filter), limit)
  return ofDevices(sql, filter, device === undefined ? devices : [device].filter((one) => devices.has(one)))
}

export const make = Effect.map(SqlClient.SqlClient, (sql) => ({
  list: (filter: Parameters<typeof list>[1]) => list(sql, filter),
  /** Those that were queued at one of these places. */
  at: (positions: ReadonlyArray<bigint>) =>
    Effect.map(
      Effect.forEach(Array.chunksOf(positions, positionsAtOnce), (some) =>
        Effect.flatMap(
          sql<{ readonly position: string }>`SELECT ${sql.literal(wholeColumns)} FROM messages
            WHERE ${sql.in("position", some)}`,
          listed
        )
      ),
      (found) => found.flat()
    )
}))
