import { Array, Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { defaultTenant } from "#domain/Ids.ts"
import { Inbound, type ReceivedFact, undecryptable } from "#domain/inbound/Inbound.ts"
import { Message } from "#domain/message/Message.ts"
import type { Crypto } from "#domain/ports/Crypto.ts"
import * as PeerRows from "../contacts/PeerRows.ts"
import type { RowsView, RowsWriter } from "../views/RowsView.ts"
import { type ChangeKind, type Completed, changeIn, type Placed, readEvents } from "./ChatEvents.ts"

/**
 * What stands where in which chat, and what changes what. What is said in it stands in the rows of messages and of facts,
 * under the same position.
 */

/** Small, so that there are few different statements and each is prepared once. */
const rowsAtOnce = 32

/** The account itself, as whoever says or changes something: no peer has this number. */
export const account = 0

type Entry = {
  readonly chat: number
  readonly position: bigint
  readonly wa: string
  readonly from_me: number
  /** Through Homing. */
  readonly sent: number
  readonly author: number
}

type Change = {
  readonly chat: number
  readonly wa: string
  readonly from_me: number
  readonly kind: ChangeKind
  readonly author: number
  readonly position: bigint
  /** Where the log says that it is this: later than where it stands, of what could not be read at first. */
  readonly known: bigint
}

/** What is of these kinds may turn out to be something else. */
const completable: ReadonlySet<string> = new Set([undecryptable, "other"])

const writeEntries = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, entries: ReadonlyArray<Entry>) {
  for (const some of Array.chunksOf(entries, rowsAtOnce)) {
    yield* sql`INSERT INTO chat_entries ${sql.insert(some)} ON CONFLICT (chat, position) DO NOTHING`
  }
})

/** What counts no more is kept aside: at a moment of before it did. */
const writeChange = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, change: Change) {
  const { author, chat, from_me, kind, position, wa } = change
  yield* sql`INSERT INTO chat_past_changes SELECT chat, wa, from_me, kind, author, position, known FROM chat_changes
    WHERE chat = ${chat} AND wa = ${wa} AND from_me = ${from_me} AND kind = ${kind} AND author = ${author}
    AND position < ${position}`
  const [counts] =
    yield* sql`INSERT INTO chat_changes ${sql.insert(change)} ON CONFLICT (chat, wa, from_me, kind, author)
    DO UPDATE SET position = excluded.position, known = excluded.known WHERE excluded.position > chat_changes.position
    RETURNING 1 AS counts`
  if (counts === undefined) {
    yield* sql`INSERT INTO chat_past_changes ${sql.insert(change)} ON CONFLICT DO NOTHING`
  }
})

/** Whether it was sent through Homing, and is heard again: in a history, say. */
const isSentHere = (sql: SqlClient.SqlClient, chat: number, wa: string) =>
  Effect.map(
    sql`SELECT 1 FROM chat_entries WHERE wa = ${wa} AND from_me = 1 AND sent = 1
      AND chat IN (SELECT number FROM peers WHERE number = ${chat} OR joined = ${chat})`,
    (rows) => rows.length > 0
  )

type Newest = {
  readonly peer: number
  readonly device: string
  readonly last: bigint
}

const writeNewest = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, newest: ReadonlyArray<Newest>) {
  for (const some of Array.chunksOf(newest, rowsAtOnce)) {
    yield* sql`INSERT INTO chats ${sql.insert(some)} ON CONFLICT (peer) DO UPDATE SET last = excluded.last
      WHERE excluded.last > chats.last`
  }
})

const join = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, { older, younger }: PeerRows.Joined) {
  const [chat] = yield* sql<{ readonly device: string; readonly last: string }>`
    SELECT device, CAST(last AS TEXT) AS last FROM chats WHERE peer = ${younger}`
  if (chat === undefined) return
  yield* writeNewest(sql, [{ peer: older, device: chat.device, last: BigInt(chat.last) }])
  yield* sql`DELETE FROM chats WHERE peer = ${younger}`
})

const writer = (crypto: Crypto["Service"]): RowsWriter => {
  const peers = PeerRows.make(crypto)
  const authorOf = ({ sender }: Placed) => (sender === undefined ? account : peers.numberOf(sender))

  const entryOf = (placed: Placed): Entry => ({
    chat: peers.numberOf(placed.chat),
    position: placed.position,
    wa: placed.waMessageId,
    from_me: Number(placed.sender === undefined),
    sent: Number(placed.fact === undefined),
    author: authorOf(placed)
  })

  const writeFact = Effect.fnUntraced(function* (
    sql: SqlClient.SqlClient,
    placed: Placed & { readonly stream: string },
    fact: ReceivedFact
  ) {
    const entry = entryOf(placed)
    const { author, chat, position } = entry
    if (author !== account) yield* peers.heard(sql, author, position, fact)
    const kind = changeIn(fact)
    if (kind !== undefined) {
      const { fromMe, waMessageId } = fact.target!
      yield* writeChange(sql, {
        chat,
        wa: waMessageId,
        from_me: Number(fromMe),
        kind,
        author,
        position,
        known: position
      })
      return
    }
    if (author === account && (yield* isSentHere(sql, chat, entry.wa))) {
      const echo = { chat, wa: entry.wa, from_me: 1, kind: "echo", author, position, known: position } as const
      yield* writeChange(sql, echo)
      return
    }
    if (completable.has(fact.content.kind)) {
      yield* sql`INSERT INTO chat_unread ${sql.insert({ stream: placed.stream, chat, position, author })}
        ON CONFLICT (stream) DO NOTHING`
    }
    yield* writeEntries(sql, [entry])
    // what was before the device was linked looks new to nobody
    if (fact.isHistory) {
      yield* sql`INSERT INTO chats ${sql.insert({ peer: chat, device: fact.source.device, last: position })}
        ON CONFLICT (peer) DO NOTHING`
    } else yield* writeNewest(sql, [{ peer: chat, device: fact.source.device, last: position }])
  })

  /** What could not be read, or not opened, may turn out to be about another message. */
  const complete = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, { data, known, stream }: Completed) {
    const kind = changeIn(data)
    const [unread] = yield* sql<{ readonly chat: number; readonly position: string; readonly author: number }>`
      SELECT chat, CAST(position AS TEXT) AS position, author FROM chat_unread WHERE stream = ${stream}`
    if (unread === undefined) return
    yield* sql`DELETE FROM chat_unread WHERE stream = ${stream}`
    if (kind === undefined) return
    const { author, chat } = unread
    const position = BigInt(unread.position)
    const { fromMe, waMessageId } = data.target!
    yield* sql`INSERT INTO chat_past_entries SELECT chat, position, wa, from_me, author, ${sql.literal(String(known))} FROM chat_entries
      WHERE chat = ${chat} AND position = ${position} ON CONFLICT DO NOTHING`
    yield* sql`DELETE FROM chat_entries WHERE chat = ${chat} AND position = ${position}`
    yield* writeChange(sql, { chat, wa: waMessageId, from_me: Number(fromMe), kind, author, position, known })
  })

  return {
    apply: Effect.fnUntraced(function* (sql, events) {
      const { completed, placed } = readEvents(events.filter(({ metadata }) => metadata.tenant === defaultTenant))
      const named = placed.flatMap(({ chat, sender }) => (sender === undefined ? [chat] : [chat, sender]))
      for (const joined of yield* peers.note(sql, named)) yield* join(sql, joined)
      const sent = placed.filter(({ fact }) => fact === undefined)
      yield* writeEntries(sql, sent.map(entryOf))
      const newest = new Map<number, Newest>()
      for (const { chat, position } of sent) {
        const peer = peers.numberOf(chat)
        newest.set(peer, { peer, device: chat.device, last: position })
      }
      yield* writeNewest(sql, [...newest.values()])
      for (const one of placed) if (one.fact !== undefined) yield* writeFact(sql, one, one.fact)
      for (const one of completed) yield* complete(sql, one)
    })
  }
}

/** A row that nobody reads: without it an empty table would be one that somebody has emptied. */
const nowhere = { chat: -1, position: -1n, author: -1 }
const nothing = { ...nowhere, wa: "", from_me: 0 }

export const view = (crypto: Crypto["Service"]): RowsView => ({
  name: "chats",
  version: 2,
  categories: [Message.category, Inbound.category],
  tables: [
    { name: "peers", filledBy: "message.queued" },
    { name: "peer_names", filledBy: "message.queued" },
    { name: "chats", filledBy: "message.queued" },
    { name: "chat_entries", filledBy: "message.queued" },
    { name: "chat_changes", filledBy: "setup" },
    { name: "chat_past_changes", filledBy: "setup" },
    { name: "chat_past_entries", filledBy: "setup" },
    { name: "chat_unread", filledBy: "setup" }
  ],
  setup: Effect.fnUntraced(function* (sql) {
    yield* PeerRows.setup(sql)
    yield* sql`CREATE TABLE chats (peer INTEGER PRIMARY KEY, device TEXT NOT NULL, last BIGINT NOT NULL)`
    yield* sql`CREATE INDEX chats_by_device ON chats (device, last)`
    // the rows of a chat stand together: a page of it is one stretch
    const clustered = sql.literal(sql.onDialectOrElse({ pg: () => "", orElse: () => " WITHOUT ROWID" }))
    yield* sql`CREATE TABLE chat_entries (
      chat INTEGER NOT NULL, position BIGINT NOT NULL, wa TEXT NOT NULL, from_me INTEGER NOT NULL, sent INTEGER NOT NULL,
      author INTEGER NOT NULL, PRIMARY KEY (chat, position))${clustered}`
    yield* sql`CREATE INDEX chat_entries_by_wa ON chat_entries (chat, wa)`
    const change = sql.literal(`chat INTEGER NOT NULL, wa TEXT NOT NULL, from_me INTEGER NOT NULL, kind TEXT NOT NULL,
      author INTEGER NOT NULL, position BIGINT NOT NULL, known BIGINT NOT NULL`)
    yield* sql`CREATE TABLE chat_changes (${change}, PRIMARY KEY (chat, wa, from_me, kind, author))${clustered}`
    yield* sql`CREATE TABLE chat_past_changes (${change}, PRIMARY KEY (chat, wa, position))${clustered}`
    yield* sql`CREATE TABLE chat_past_entries (
      chat INTEGER NOT NULL, position BIGINT NOT NULL, wa TEXT NOT NULL, from_me INTEGER NOT NULL,
      author INTEGER NOT NULL, gone BIGINT NOT NULL, PRIMARY KEY (chat, position))${clustered}`
    yield* sql`CREATE TABLE chat_unread (
      stream TEXT PRIMARY KEY, chat INTEGER NOT NULL, position BIGINT NOT NULL, author INTEGER NOT NULL)`
    for (const table of ["chat_changes", "chat_past_changes"]) {
      yield* sql`INSERT INTO ${sql(table)} ${sql.insert({ ...nothing, kind: "echo", known: -1n })}`
    }
    yield* sql`INSERT INTO chat_past_entries ${sql.insert({ ...nothing, gone: -1n })}`
    yield* sql`INSERT INTO chat_unread ${sql.insert({ ...nowhere, stream: "" })}`
  }),
  writer: () => writer(crypto)
})
