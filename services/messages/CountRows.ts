import { Array, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import type { ClientId, DeviceId } from "#domain/Ids.ts"
import { type Instant, toMillis } from "#domain/Instant.ts"
import type { Report, ReportKind } from "#domain/message/Status.ts"
import * as SenderRows from "./SenderRows.ts"

/**
 * How many messages came how far, by minute and by hour of the log's own times, by device and by who queued them. Kept
 * together with the rows of messages, which know what was said of one before.
 */
export const table = "message_counts"

/** In milliseconds. */
export const grains = { minute: 60_000, hour: 3_600_000 } as const
export type Grain = keyof typeof grains

/** Of a minute or hour, how many newer ones there are when it is dropped. */
const kept: Readonly<Record<Grain, number>> = { minute: 2 * 24 * 60, hour: 400 * 24 }

/** Not the least that there is, which names the configured key. */
const nobody = 0n

/** Where a message stands that something is counted of. */
export interface Counted {
  readonly device: DeviceId
  readonly sender: bigint | null
  readonly createdAt: Instant
}

interface Count extends Counted {
  readonly at: Instant
  readonly name: string
}

export const latencies = ["sent", "delivered", "read"] as const
type Latency = (typeof latencies)[number]
const isLatency = (name: string): name is Latency => (latencies as ReadonlyArray<string>).includes(name)

/** What comes to an end in so many milliseconds is counted under the power of two that bounds it. */
const mostPower = 40
const powerOf = (millis: number) => Math.min(mostPower, Math.ceil(Math.log2(Math.max(1, millis))))

const words: Partial<Record<ReportKind, string>> = {
  sent: "sent",
  delivered: "delivered",
  read: "read",
  played: "read",
  failed: "failed",
  expired: "expired",
  unknown: "unknown"
}

/** That it was accepted. */
export const queued = (message: Counted): ReadonlyArray<Count> => [
  { ...message, at: message.createdAt, name: "queued" }
]

/** What a report is counted as: nothing where another has said it before. */
export const reported = (
  message: Counted,
  before: ReadonlyArray<Report>,
  { code, kind }: Report,
  at: Instant
): ReadonlyArray<Count> => {
  const word = words[kind]
  if (word === undefined || before.some((report) => words[report.kind] === word)) return []
  const count = (name: string) => ({ ...message, at, name })
  const power = powerOf(toMillis(at) - toMillis(message.createdAt))
  return [
    count(word),
    ...(isLatency(word) ? [count(`${word}<${power}`)] : []),
    ...(word === "failed" && code !== undefined ? [count(`failed:${code}`)] : [])
  ]
}

type Cell = {
  readonly grain: Grain
  /** Since 1970. */
  readonly start: number
  readonly device: string
  readonly sender: bigint
  readonly name: string
  n: number
}

/** Small, so that there are few different statements and each is prepared once. */
const rowsAtOnce = 32

const startOf = (grain: Grain, at: Instant) => Math.floor(toMillis(at) / grains[grain])
const first = (grain: Grain, newest: number) => Math.floor(newest / (grains[grain] / grains.minute)) - kept[grain] + 1

/** For one writer of rows. Goes by the log's own times: what is made anew is the same. */
export const make = () => {
  let known: number | undefined
  let next: number | undefined

  return {
    add: Effect.fnUntraced(function* (sql: SqlClient.SqlClient, counts: ReadonlyArray<Count>) {
      if (counts.length === 0) return
      if (known === undefined) {
        const [row] = yield* sql<{ readonly newest: number | null }>`
          SELECT CAST(MAX(start) AS INTEGER) AS newest FROM message_counts WHERE grain = 'minute'`
        known = row?.newest ?? 0
      }
      const before = known
      next = counts.reduce((newest, { at }) => Math.max(newest, startOf("minute", at)), before)
      const cells = new Map<string, Cell>()
      for (const { at, device, name, sender } of counts) {
        for (const grain of ["minute", "hour"] as const) {
          const start = startOf(grain, at)
          if (start < first(grain, next)) continue
          const key = `${grain} ${start} ${device} ${sender} ${name}`
          const cell = cells.get(key)
          if (cell === undefined) cells.set(key, { grain, start, device, sender: sender ?? nobody, name, n: 1 })
          else cell.n++
        }
      }
      for (const some of Array.chunksOf([...cells.values()], rowsAtOnce)) {
        yield* sql`INSERT INTO message_counts ${sql.insert(some)} ON CONFLICT (grain, start, device, sender, name)
          DO UPDATE SET n = message_counts.n + excluded.n`
      }
      if (next === before) return
      for (const grain of ["minute", "hour"] as const) {
        yield* sql`DELETE FROM message_counts WHERE grain = ${grain} AND start < ${first(grain, next)}`
      }
    }),
    applied: () => {
      known = next ?? known
    }
  }
}

export const setup = (sql: SqlClient.SqlClient) => {
  const clustered = sql.literal(sql.onDialectOrElse({ pg: () => "", orElse: () => " WITHOUT ROWID" }))
  return sql`CREATE TABLE message_counts (
    grain TEXT NOT NULL, start INTEGER NOT NULL, device TEXT NOT NULL, sender BIGINT NOT NULL, name TEXT NOT NULL,
    n INTEGER NOT NULL, PRIMARY KEY (grain, start, device, sender, name))${clustered}`
}

const Row = { name: Schema.String, n: Schema.Number }
const decodeSteps = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ ...Row, start: Schema.Number })))
const decodeDevices = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ ...Row, device: Schema.String })))

export interface Asked {
  readonly grain: Grain
  /** The first and the last that are asked for, since 1970. */
  readonly from: number
  readonly to: number
  /** Who queued what is counted. */
  readonly client: ClientId | undefined
  /** By which it is sent. */
  readonly devices: ReadonlySet<string> | undefined
}

export const reading = Effect.map(SqlClient.SqlClient, (sql) => {
  const among = ({ client, devices, from, grain, to }: Asked) =>
    sql.and([
      sql`grain = ${grain} AND start >= ${from} AND start <= ${to}`,
      ...(client === undefined ? [] : [SenderRows.sentBy(sql, client)]),
      ...(devices === undefined ? [] : [sql.in("device", [...devices])])
    ])
  return {
    bySteps: (asked: Asked) =>
      Effect.map(
        sql`SELECT start, name, CAST(SUM(n) AS INTEGER) AS n FROM message_counts WHERE ${among(asked)}
          GROUP BY start, name ORDER BY start, name`,
        decodeSteps
      ),
    byDevices: (asked: Asked) =>
      Effect.map(
        sql`SELECT device, name, CAST(SUM(n) AS INTEGER) AS n FROM message_counts WHERE ${among(asked)}
          GROUP BY device, name ORDER BY device, name`,
        decodeDevices
      )
  }
})
