import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import type { PeerId } from "#domain/Ids.ts"
import * as NewestRows from "../contacts/NewestRows.ts"
import * as PeerRows from "../contacts/PeerRows.ts"
import { changeKinds } from "./ChatEvents.ts"

const flag = Schema.Literals([0, 1])

const EntryRow = Schema.Struct({
  position: Schema.BigIntFromString,
  wa: Schema.String,
  from_me: flag,
  author: Schema.Number
})
const decodeEntries = Schema.decodeUnknownSync(Schema.Array(EntryRow))

const ChangeRow = Schema.Struct({ ...EntryRow.fields, kind: Schema.Literals(changeKinds) })
const decodeChanges = Schema.decodeUnknownSync(Schema.Array(ChangeRow))

const FirstRow = Schema.Struct({ position: Schema.BigIntFromString, wa: Schema.String, from_me: flag })
const decodeFirsts = Schema.decodeUnknownSync(Schema.Array(FirstRow))

const NewestRow = Schema.Struct({ chat: Schema.Number, position: Schema.BigIntFromString })
const decodeNewest = Schema.decodeUnknownSync(Schema.Array(NewestRow))

const said = <R extends { readonly from_me: 0 | 1; readonly wa: string }>({ from_me, wa, ...row }: R) => ({
  ...row,
  waMessageId: wa,
  fromMe: from_me === 1
})

export interface Stretch {
  /** Every number under which the chat has rows. */
  readonly chats: ReadonlyArray<number>
  readonly after: bigint | undefined
  readonly limit: number
  /** As it was by this place in the log, if not as it is. */
  readonly upTo?: bigint | undefined
}

/** Chats as they are listed, and what is listed in one. */
export const make = Effect.map(SqlClient.SqlClient, (sql) => {
  const listed = { table: "chats", place: "last", peer: "peer", only: sql`TRUE` }

  return {
    /** Newest first, each with where it stands. */
    list: Effect.fnUntraced(function* (page: NewestRows.Page) {
      const places = yield* NewestRows.newest(sql, listed, page)
      const numbers = places.map(({ peer }) => peer)
      const peers = new Map((yield* PeerRows.byNumber(sql, numbers)).map((peer) => [peer.number, peer]))
      return places.flatMap(({ peer: number, place }) => {
        const peer = peers.get(number)
        return peer === undefined ? [] : [{ place, peer }]
      })
    }),

    find: (id: PeerId) => PeerRows.byId(sql, id),
    membersOf: (number: number) => PeerRows.membersOf(sql, number),
    current: (numbers: ReadonlyArray<number>) => PeerRows.current(sql, numbers),
    peers: (numbers: ReadonlyArray<number>) => PeerRows.byNumber(sql, numbers),

    /** Newest first, those before `after`: of each number by its key, and of these the newest. */
    entries: Effect.fnUntraced(function* ({ after, chats, limit, upTo }: Stretch) {
      const before = after === undefined ? sql`` : sql`AND position < ${after}`
      const until = upTo === undefined ? sql`` : sql`AND position <= ${upTo}`
      const found = yield* Effect.forEach(
        chats,
        (chat) => sql`SELECT CAST(position AS TEXT) AS position, wa, from_me, author FROM chat_entries
          WHERE chat = ${chat} ${before} ${until} ORDER BY chat_entries.position DESC LIMIT ${limit}`
      )
      if (upTo !== undefined) {
        found.push(
          yield* sql`SELECT CAST(position AS TEXT) AS position, wa, from_me, author FROM chat_past_entries
            WHERE ${sql.in("chat", chats)} AND gone > ${upTo} ${before} ${until}
            ORDER BY chat_past_entries.position DESC LIMIT ${limit}`
        )
      }
      const entries = decodeEntries(found.flat()).map(said)
      return entries.sort((a, b) => (a.position < b.position ? 1 : -1)).slice(0, limit)
    }),

    /** Where in each of these chats something was heard last. */
    newestHeard: Effect.fnUntraced(function* (chats: ReadonlyArray<number>) {
      const found = yield* Effect.forEach(
        chats,
        (chat) => sql`SELECT chat, CAST(position AS TEXT) AS position FROM chat_entries
          WHERE chat = ${chat} AND sent = 0 ORDER BY chat_entries.position DESC LIMIT 1`
      )
      return new Map(decodeNewest(found.flat()).map(({ chat, position }) => [chat, position]))
    }),

    /** What was done to these ids of WhatsApp's: now, or by a place in the log. */
    changes: Effect.fnUntraced(function* (chats: ReadonlyArray<number>, ids: ReadonlyArray<string>, upTo?: bigint) {
      if (ids.length === 0) return []
      const known = upTo === undefined ? sql`` : sql`AND known <= ${upTo}`
      const tables = upTo === undefined ? ["chat_changes"] : ["chat_changes", "chat_past_changes"]
      const found = yield* Effect.forEach(
        tables,
        (table) => sql`SELECT CAST(position AS TEXT) AS position, wa, from_me, author, kind FROM ${sql(table)}
          WHERE ${sql.in("chat", chats)} AND ${sql.in("wa", ids)} ${known}`
      )
      return decodeChanges(found.flat()).map(said)
    }),

    /** Where the first stands under each of these ids. */
    firsts: (chats: ReadonlyArray<number>, ids: ReadonlyArray<string>) =>
      ids.length === 0
        ? Effect.succeed([])
        : Effect.map(
            sql`SELECT CAST(MIN(position) AS TEXT) AS position, wa, from_me FROM chat_entries
              WHERE ${sql.in("chat", chats)} AND ${sql.in("wa", ids)} GROUP BY wa, from_me`,
            (rows) => decodeFirsts(rows).map(said)
          )
  }
})
