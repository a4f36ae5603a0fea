import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Clocks from "#domain/Clocks.ts"
import { type Group, type Lease, LeaseLost, Leases, LeasesUnavailable } from "#domain/ports/Leases.ts"
import { creating } from "#infra/postgres/Schema.ts"
import { transaction } from "./Transaction.ts"

export interface Options {
  readonly leaseMillis: number
  /** Several times within a lease: one failure is not the end of it. */
  readonly renewalMillis: number
}

interface Held {
  readonly lease: Lease
  /** By this process's steady clock. */
  until: number
}

type Row = { readonly partition: number; readonly token: bigint }

const make = Effect.fnUntraced(function* ({ leaseMillis, renewalMillis }: Options) {
  const sql = yield* SqlClient.SqlClient
  const now = yield* Clocks.steady
  /** Of this life of the process: what an earlier one held is not ours. */
  const holder = crypto.randomUUID()
  const ends = sql`clock_timestamp() + ${leaseMillis}::integer * INTERVAL '1 millisecond'`
  const held = new Map<string, Held>()
  const nameOf = ({ group, partition, token }: Pick<Lease, "group" | "partition" | "token">) =>
    `${group} ${partition} ${token}`

  yield* creating(
    sql,
    Effect.andThen(
      sql`CREATE TABLE IF NOT EXISTS lease_members (
        group_name TEXT NOT NULL, holder TEXT NOT NULL, ends TIMESTAMPTZ NOT NULL, PRIMARY KEY (group_name, holder))`,
      sql`CREATE TABLE IF NOT EXISTS leases (
        group_name TEXT NOT NULL, partition INTEGER NOT NULL, token BIGINT NOT NULL, holder TEXT,
        ends TIMESTAMPTZ NOT NULL, PRIMARY KEY (group_name, partition))`
    )
  )

  /** The holder as well: a database that forgets a takeover hands the same token out again. */
  const isOwn = ({ group, partition, token }: Lease) =>
    sql`group_name = ${group} AND partition = ${partition} AND token = ${token} AND holder = ${holder}`

  const unless = Effect.mapError((cause: unknown) => new LeasesUnavailable({ cause }))
  const deadline = () => now() + leaseMillis

  const remember = (group: Group, until: number, { partition, token }: Row): Lease => {
    const name = nameOf({ group: group.name, partition, token })
    const known = held.get(name)
    if (known !== undefined) {
      known.until = until
      return known.lease
    }
    const remaining = () => Math.trunc(one.until - now())
    const one: Held = { until, lease: { group: group.name, partition, token, remaining } }
    held.set(name, one)
    return one.lease
  }

  /** Those who hold most come first: what does not divide evenly stays where it is. */
  const shareOf = Effect.fnUntraced(function* ({ name, partitions }: Group) {
    const members = yield* sql<{ readonly holder: string }>`
      SELECT m.holder FROM lease_members AS m
      LEFT JOIN leases AS l ON l.group_name = m.group_name AND l.holder = m.holder AND l.ends > clock_timestamp()
      WHERE m.group_name = ${name} AND m.ends > clock_timestamp()
      GROUP BY m.holder ORDER BY COUNT(l.holder) DESC, md5(m.holder || ${name})`
    const rank = members.findIndex((member) => member.holder === holder)
    if (rank < 0) return 0
    return Math.floor(partitions / members.length) + (rank < partitions % members.length ? 1 : 0)
  })

  return Leases.of({
    renewalMillis,

    time: unless(
      Effect.map(
        sql<{
          readonly millis: number
        }>`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::double precision AS millis`,
        ([row]) => row!.millis
      )
    ),

    renew: Effect.fnUntraced(function* (group) {
      const until = deadline()
      yield* sql`INSERT INTO lease_members (group_name, holder, ends) VALUES (${group.name}, ${holder}, ${ends})
        ON CONFLICT (group_name, holder) DO UPDATE SET ends = excluded.ends`
      const rows = yield* sql<Row>`UPDATE leases SET ends = ${ends}
        WHERE group_name = ${group.name} AND holder = ${holder} AND ends > clock_timestamp()
        RETURNING partition, token`
      const leases = rows.map((row) => remember(group, until, row))
      for (const [name, { lease }] of held) {
        if (lease.group === group.name && !leases.includes(lease)) held.delete(name)
      }
      return { leases, share: yield* shareOf(group) }
    }, unless),

    acquire: Effect.fnUntraced(function* (group, most) {
      const until = deadline()
      yield* sql`INSERT INTO leases (group_name, partition, token, ends)
        SELECT ${group.name}, n, 0, '-infinity' FROM generate_series(0, ${group.partitions - 1}::integer) AS n
        ON CONFLICT (group_name, partition) DO NOTHING`
      yield* sql`DELETE FROM lease_members WHERE group_name = ${group.name} AND ends < clock_timestamp() - INTERVAL '1 day'`
      // a row that is locked has a new holder just now, or a transaction under it that is not over
      const rows = yield* sql<Row>`UPDATE leases SET holder = ${holder}, token = token + 1, ends = ${ends}
        WHERE group_name = ${group.name} AND partition IN (
          SELECT partition FROM leases WHERE group_name = ${group.name} AND ends <= clock_timestamp()
            AND partition < ${group.partitions}
          ORDER BY partition LIMIT ${most} FOR UPDATE SKIP LOCKED)
        RETURNING partition, token`
      return rows.map((row) => remember(group, until, row))
    }, unless),

    release: (leases) =>
      Effect.forEach(
        leases,
        (lease) => {
          held.delete(nameOf(lease))
          return sql`UPDATE leases SET holder = NULL, ends = '-infinity' WHERE ${isOwn(lease)}`
        },
        { discard: true }
      ).pipe(unless),

    leave: Effect.fnUntraced(function* ({ name }) {
      yield* sql`UPDATE leases SET holder = NULL, ends = '-infinity' WHERE group_name = ${name} AND holder = ${holder}`
      yield* sql`DELETE FROM lease_members WHERE group_name = ${name} AND holder = ${holder}`
    }, unless),

    // The lock lets a renewal pass, which changes no key, and holds up who would take the partition.
    fenced: (lease, write) =>
      transaction(
        sql,
        Effect.gen(function* () {
          const { group, partition } = lease
          const rows = yield* unless(sql`SELECT partition FROM leases WHERE ${isOwn(lease)} FOR KEY SHARE`)
          if (rows.length === 0) return yield* new LeaseLost({ group, partition })
          return yield* write
        })
      )
  })
})

/**
 * Leases in the PostgreSQL that also holds what is written under them, by its clock. After a process is killed or paused
 * another one has its partitions within a lease and a renewal: 6.5 seconds.
 */
export const layer = (options: Options = { leaseMillis: 5_000, renewalMillis: 1_500 }) =>
  Layer.effect(Leases, make(options))
