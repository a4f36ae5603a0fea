import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { PeerId, SubjectId } from "#domain/Ids.ts"
import * as NewestRows from "./NewestRows.ts"
import * as PeerRows from "./PeerRows.ts"

export interface Asked extends NewestRows.Page {
  /** Who has all of these names, if any are asked for. */
  readonly names: ReadonlyArray<SubjectId>
}

const newestFirst = (peers: ReadonlyArray<PeerRows.Peer>) => peers.toSorted((a, b) => b.number - a.number)

export const make = Effect.map(SqlClient.SqlClient, (sql) => {
  const listed = {
    table: "peers",
    place: "number",
    peer: "number",
    only: sql`joined IS NULL AND kind = 'person'` // as its index says it
  }

  /** By name there are as many as there are devices, at most. */
  const named = Effect.fnUntraced(function* ({ names, ...page }: Asked) {
    const devices = yield* NewestRows.devicesOf(sql, listed, page)
    const found = yield* PeerRows.named(sql, devices, names)
    const peers = yield* PeerRows.byNumber(sql, found)
    return newestFirst(peers)
      .filter(({ kind, number }) => kind === PeerRows.person && (page.after === undefined || number < page.after))
      .slice(0, page.limit)
  })

  return {
    /** Newest first, those before `after`. */
    list: Effect.fnUntraced(function* (asked: Asked) {
      if (asked.names.length > 0) return yield* named(asked)
      const places = yield* NewestRows.newest(sql, listed, asked)
      const numbers = places.map(({ peer }) => peer)
      return newestFirst(yield* PeerRows.byNumber(sql, numbers))
    }),
    /** All that those are called, on whatever device, who are called so on any. */
    namesBeside: Effect.fnUntraced(function* (name: SubjectId) {
      const devices = yield* NewestRows.devicesOf(sql, listed, { device: undefined, devices: undefined })
      const found = yield* PeerRows.named(sql, devices, [name])
      return (yield* PeerRows.namesOf(sql, found)).map(({ name }) => name)
    }),
    find: (id: PeerId) => PeerRows.byId(sql, id),
    names: (peers: ReadonlyArray<PeerRows.Peer>) =>
      PeerRows.namesOf(
        sql,
        peers.map(({ number }) => number)
      )
  }
})
