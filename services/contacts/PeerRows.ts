import { Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { peerIdOf } from "#domain/Identifiers.ts"
import { DeviceId, PeerId, SubjectId } from "#domain/Ids.ts"
import type { ReceivedFact } from "#domain/inbound/Inbound.ts"
import type { Crypto } from "#domain/ports/Crypto.ts"

/**
 * Whom and what a device speaks with, each with all of its names. A peer has a number here, since many rows repeat it; the
 * smaller it is, the older is the peer.
 */

export const setup = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  yield* sql`CREATE TABLE peers (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, device TEXT NOT NULL, kind TEXT NOT NULL, joined INTEGER,
    heard_at TEXT, named BIGINT)`
  yield* sql`CREATE INDEX peers_by_id ON peers (substr(id, 1, 8))`
  yield* sql`CREATE INDEX peers_joined ON peers (joined) WHERE joined IS NOT NULL`
  yield* sql`CREATE INDEX peers_listed ON peers (device, number) WHERE joined IS NULL AND kind = 'person'`
  yield* sql`CREATE TABLE peer_names (
    device TEXT NOT NULL, name TEXT NOT NULL, peer INTEGER NOT NULL, position BIGINT NOT NULL, PRIMARY KEY (device, name))`
  yield* sql`CREATE INDEX peer_names_by_peer ON peer_names (peer)`
})

/** Somebody or something as an event names it. */
export interface Named {
  readonly device: DeviceId
  readonly kind: string
  readonly names: ReadonlyArray<SubjectId>
  readonly position: bigint
}

/** Two peers turned out to be one. */
export interface Joined {
  readonly older: number
  readonly younger: number
}

export const person = "person"

const capacity = 16_384
const atOnce = 64

interface Known {
  readonly device: DeviceId
  readonly name: SubjectId
  readonly peer: number
}

const keyOf = (device: string, name: string) => `${device} ${name}`

/** For one writer of rows, while nobody else writes them. */
export const make = (crypto: Crypto["Service"]) => {
  const known = new Map<string, number>()
  let last: number | undefined

  const note = (device: DeviceId, name: SubjectId, peer: number) => {
    const key = keyOf(device, name)
    known.delete(key)
    known.set(key, peer)
  }

  const load = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, asked: ReadonlyArray<Named>) {
    const missing = new Map<DeviceId, Set<SubjectId>>()
    for (const { device, names } of asked) {
      for (const name of names) {
        if (known.has(keyOf(device, name))) continue
        missing.set(device, (missing.get(device) ?? new Set()).add(name))
      }
    }
    for (const [device, names] of missing) {
      const all = [...names]
      for (let from = 0; from < all.length; from += atOnce) {
        const rows = yield* sql<Known>`SELECT device, name, peer FROM peer_names
          WHERE device = ${device} AND ${sql.in("name", all.slice(from, from + atOnce))}`
        for (const { name, peer } of rows) note(device, name, peer)
      }
    }
  })

  const create = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, { device, kind, names }: Named) {
    if (last === undefined) {
      const [row] = yield* sql<{ readonly last: number | null }>`SELECT MAX(number) AS last FROM peers`
      last = row?.last ?? 0
    }
    const number = ++last
    yield* sql`INSERT INTO peers (number, id, device, kind) VALUES (
      ${number}, ${peerIdOf(crypto, device, names[0]!)}, ${device}, ${kind})`
    return number
  })

  const join = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, { older, younger }: Joined) {
    const both = sql.in("number", [older, younger])
    yield* sql`UPDATE peers SET heard_at = (SELECT MAX(heard_at) FROM peers WHERE ${both}),
      named = (SELECT MAX(named) FROM peers WHERE ${both}) WHERE number = ${older}`
    yield* sql`UPDATE peers SET joined = ${older} WHERE number = ${younger} OR joined = ${younger}`
    yield* sql`UPDATE peer_names SET peer = ${older} WHERE peer = ${younger}`
    for (const [key, peer] of known) if (peer === younger) known.set(key, older)
  })

  /** The peer of these names, which is new if none of them is known; several that are known turn out to be one. */
  const find = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, named: Named, joins: Array<Joined>) {
    const { device, names, position } = named
    const found = new Set(names.flatMap((name) => known.get(keyOf(device, name)) ?? []))
    const peer = found.size === 0 ? yield* create(sql, named) : Math.min(...found)
    for (const younger of found) {
      if (younger === peer) continue
      yield* join(sql, { older: peer, younger })
      joins.push({ older: peer, younger })
    }
    for (const name of names) {
      if (known.has(keyOf(device, name))) continue
      yield* sql`INSERT INTO peer_names (device, name, peer, position) VALUES (${device}, ${name}, ${peer}, ${position})`
      note(device, name, peer)
    }
  })

  return {
    /** In the log's order. Afterwards each of them has its number. */
    note: Effect.fnUntraced(function* (sql: SqlClient.SqlClient, asked: ReadonlyArray<Named>) {
      for (const key of known.keys()) {
        if (known.size <= capacity) break
        known.delete(key)
      }
      yield* load(sql, asked)
      const joins: Array<Joined> = []
      for (const named of asked) yield* find(sql, named, joins)
      return joins
    }),
    numberOf: ({ device, names }: Pick<Named, "device" | "names">): number => known.get(keyOf(device, names[0]!))!,
    /** What was before the device was linked is not new. */
    heard: (
      sql: SqlClient.SqlClient,
      peer: number,
      position: bigint,
      { heardAt, isHistory, sender }: Pick<ReceivedFact, "heardAt" | "isHistory" | "sender">
    ) => {
      const named = sender.name === undefined ? null : position
      return isHistory
        ? sql`UPDATE peers SET named = COALESCE(named, ${named}) WHERE number = ${peer}`
        : sql`UPDATE peers SET heard_at = ${heardAt}, named = COALESCE(${named}, named) WHERE number = ${peer}`
    }
  }
}

// Reading

const Peer = Schema.Struct({
  number: Schema.Number,
  id: PeerId,
  device: DeviceId,
  kind: Schema.String,
  heard_at: Schema.NullOr(Schema.String),
  named: Schema.NullOr(Schema.BigIntFromString)
})
export type Peer = typeof Peer.Type
const columns = "number, id, device, kind, heard_at, CAST(named AS TEXT) AS named"
const decodePeers = Schema.decodeUnknownSync(Schema.Array(Peer))

const Name = Schema.Struct({ peer: Schema.Number, name: SubjectId, position: Schema.BigIntFromString })
export type Name = typeof Name.Type
const decodeNames = Schema.decodeUnknownSync(Schema.Array(Name))

/** What they are called from now on, whatever they were taken for. */
export const current = (sql: SqlClient.SqlClient, numbers: ReadonlyArray<number>) =>
  numbers.length === 0
    ? Effect.succeed(new Map<number, number>())
    : Effect.map(
        sql<{ readonly number: number; readonly now: number }>`SELECT number, COALESCE(joined, number) AS now FROM peers
          WHERE ${sql.in("number", numbers)}`,
        (rows) => new Map(rows.map(({ now, number }) => [number, now]))
      )

export const byNumber = (sql: SqlClient.SqlClient, numbers: ReadonlyArray<number>) =>
  numbers.length === 0
    ? Effect.succeed([])
    : Effect.map(sql`SELECT ${sql.literal(columns)} FROM peers WHERE ${sql.in("number", numbers)}`, decodePeers)

/** The id of one that was joined leads to the other. */
export const byId = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, id: PeerId) {
  const found = sql`(SELECT COALESCE(joined, number) FROM peers WHERE substr(id, 1, 8) = ${id.slice(0, 8)} AND id = ${id})`
  const [peer] = decodePeers(yield* sql`SELECT ${sql.literal(columns)} FROM peers WHERE number = ${found}`)
  return peer
})

/** Those who were taken for others, and itself. */
export const membersOf = (sql: SqlClient.SqlClient, number: number) =>
  Effect.map(sql<{ readonly number: number }>`SELECT number FROM peers WHERE joined = ${number}`, (rows) => [
    number,
    ...rows.map(({ number }) => number)
  ])

/** Each with the place of the event that said it first, oldest first. */
export const namesOf = (sql: SqlClient.SqlClient, numbers: ReadonlyArray<number>) =>
  numbers.length === 0
    ? Effect.succeed([])
    : Effect.map(
        sql`SELECT peer, name, CAST(position AS TEXT) AS position FROM peer_names WHERE ${sql.in("peer", numbers)}
          ORDER BY peer_names.position`,
        decodeNames
      )

/** Who has all of these names, on one of these devices. */
export const named = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  devices: ReadonlyArray<string>,
  names: ReadonlyArray<SubjectId>
) {
  const found: Array<number> = []
  for (let from = 0; from < devices.length; from += atOnce) {
    const rows = yield* sql<{ readonly peer: number }>`SELECT peer FROM peer_names
      WHERE ${sql.in("device", devices.slice(from, from + atOnce))} AND ${sql.in("name", names)}
      GROUP BY peer HAVING COUNT(*) = ${names.length}`
    found.push(...rows.map(({ peer }) => peer))
  }
  return found
})
