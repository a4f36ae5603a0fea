import { Array, Effect, Schema } from "effect"
import type { SqlClient, Statement } from "effect/sql"

export interface Page {
  readonly device: string | undefined
  /** By these alone, if not by any. */
  readonly devices: ReadonlySet<string> | undefined
  readonly after: bigint | undefined
  readonly limit: number
}

/** What is listed newest first: `place` says what is newer, `peer` whose it is. There is an index on device and place. */
interface Listed {
  readonly table: string
  readonly place: string
  readonly peer: string
  readonly only: Statement.Fragment
}

const Place = Schema.Struct({ place: Schema.BigIntFromString, peer: Schema.Number })
const decodePlaces = Schema.decodeUnknownSync(Schema.Array(Place))
const devicesAtOnce = 64

/** Each device is one look into the index, however much there is of it. */
const devicesIn = (sql: SqlClient.SqlClient, { only, table }: Listed) => {
  const from = sql.literal(table)
  return Effect.map(
    sql<{ readonly device: string }>`WITH RECURSIVE found (device) AS (
      SELECT MIN(device) FROM ${from} WHERE ${only}
      UNION ALL
      SELECT (SELECT MIN(device) FROM ${from} WHERE ${only} AND device > found.device) FROM found
      WHERE found.device IS NOT NULL)
      SELECT device FROM found WHERE device IS NOT NULL`,
    (rows) => rows.map(({ device }) => device)
  )
}

/** Those that are asked for, or that there are. */
export const devicesOf = (
  sql: SqlClient.SqlClient,
  listed: Listed,
  { device, devices }: Pick<Page, "device" | "devices">
) => {
  if (device === undefined) return devices === undefined ? devicesIn(sql, listed) : Effect.succeed([...devices])
  return Effect.succeed(devices === undefined || devices.has(device) ? [device] : [])
}

/**
 * The places of the newest, before `after`. Of each device the newest by its index, and of these the newest: what there is
 * besides is not looked at.
 */
export const newest = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, listed: Listed, page: Page) {
  const [from, place, peer] = [listed.table, listed.place, listed.peer].map((name) => sql.literal(name)) as [
    Statement.Fragment,
    Statement.Fragment,
    Statement.Fragment
  ]
  const found: globalThis.Array<typeof Place.Type> = []
  for (const some of Array.chunksOf(yield* devicesOf(sql, listed, page), devicesAtOnce)) {
    const each = some.map(
      (device, i) => sql`SELECT place, peer FROM (SELECT CAST(${place} AS TEXT) AS place, ${peer} AS peer FROM ${from}
        WHERE ${sql.and([
          sql`device = ${device}`,
          listed.only,
          ...(page.after === undefined ? [] : [sql`${place} < CAST(${page.after} AS BIGINT)`])
        ])}
        ORDER BY ${from}.${place} DESC LIMIT ${page.limit}) AS ${sql.literal(`of_${i}`)}`
    )
    found.push(...decodePlaces(yield* sql`${sql.join(" UNION ALL ", false)(each)}`))
  }
  return found.sort((a, b) => (a.place < b.place ? 1 : -1)).slice(0, page.limit)
})
