import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { peerIdOf } from "#domain/Identifiers.ts"
import { DeviceId, type PeerId, SubjectId, TenantId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as ContactRows from "../contacts/ContactRows.ts"
import { away, emptyDatabase, far, home, queued, recorded, sealed, uuid, write } from "../testing/ViewsFixture.ts"
import * as ChatsRows from "./ChatsRows.ts"
import * as ListedChatRows from "./ListedChatRows.ts"

const { crypto } = NodeCrypto
const nameOf = (letter: string) => SubjectId.make(letter.repeat(43))
const [phone, lid, other, group] = ["p", "l", "o", "g"].map(nameOf) as [SubjectId, SubjectId, SubjectId, SubjectId]
/** Whom the fixture's messages are sent to. */
const recipient = sealed.subject

interface Said {
  readonly device?: string
  readonly chat?: ReadonlyArray<SubjectId>
  readonly chatKind?: string
  readonly sender?: ReadonlyArray<SubjectId>
  readonly fromMe?: boolean
  readonly kind?: string
  readonly waMessageId?: string
  readonly target?: object
  readonly named?: boolean
  readonly isHistory?: true
}

/** Number `n`, at as many places before the end of all. */
const fact = (n: number, position: bigint, said: Said = {}) => {
  const { chat = [phone], chatKind = "person", device = home, fromMe = false, kind = "text", named, ...more } = said
  const { isHistory, sender = chat, target, waMessageId = `F${n}` } = more
  return recorded(`inbound-${uuid(n)}`, 0, position, {
    type: "inbound.received.v1",
    data: {
      source: { kind: "device", device },
      waMessageId,
      fromMe,
      chat: { kind: chatKind, names: chat, address: sealed },
      sender: { names: sender, address: sealed, ...(named && { name: sealed }) },
      content: { kind, body: sealed },
      ...(target !== undefined && { target }),
      ...(isHistory && { isHistory }),
      contentDigest: "digest",
      heardAt: fromMillis(n)
    }
  })
}
const decrypted = (n: number, position: bigint, kind: string, target?: object) =>
  recorded(`inbound-${uuid(n)}`, 1, position, {
    type: "inbound.decrypted.v1",
    data: { content: { kind, body: sealed }, ...(target && { target }), contentDigest: "d", heardAt: fromMillis(n) }
  })

const everything = { device: undefined, devices: undefined, after: undefined, limit: 100 }
const idOf = (name: SubjectId, device = home) => peerIdOf(crypto, DeviceId.make(device), name)

const begun = Effect.gen(function* () {
  const sql = yield* emptyDatabase
  const view = ChatsRows.view(crypto)
  yield* view.setup(sql)
  return { sql, writer: { writer: view.writer() }, another: () => ({ writer: view.writer() }) }
})

const reading = (sql: SqlClient.SqlClient) =>
  Effect.gen(function* () {
    const contacts = yield* Effect.provideService(ContactRows.make, SqlClient.SqlClient, sql)
    const chats = yield* Effect.provideService(ListedChatRows.make, SqlClient.SqlClient, sql)
    return {
      contacts: (asked: object = {}) => contacts.list({ ...everything, names: [], ...asked }),
      contact: (id: PeerId) => contacts.find(id),
      chats: (asked: object = {}) =>
        Effect.map(chats.list({ ...everything, ...asked }), (found) =>
          found.map(({ peer, place }) => [peer.id, place])
        ),
      entries: Effect.fnUntraced(function* (name: SubjectId, asked: object = {}) {
        const chat = yield* chats.find(idOf(name))
        const members = yield* chats.membersOf(chat!.number)
        return yield* chats.entries({ chats: members, after: undefined, limit: 100, ...asked })
      }),
      changes: Effect.fnUntraced(function* (name: SubjectId, ...ids: ReadonlyArray<string>) {
        const chat = yield* chats.find(idOf(name))
        const found = yield* chats.changes(yield* chats.membersOf(chat!.number), ids)
        return found.map(({ kind, position }) => [kind, position] as const)
      })
    }
  })

const places = (rows: ReadonlyArray<{ readonly position: bigint }>) => rows.map(({ position }) => far - position)

/** Two names become those of one: the older stays, and the other's id leads to it. */
const peersJoined = Effect.gen(function* () {
  const { another, sql, writer } = yield* begun
  yield* write(writer, sql, fact(1, far - 9n, { chat: [lid] }), fact(2, far - 8n, { chat: [other] }))
  yield* write(writer, sql, fact(3, far - 7n, { named: true }))
  const { chats, contact, contacts, entries } = yield* reading(sql)
  const idsOf = Effect.map(contacts(), (found) => found.map(({ id }) => id))
  assert.deepStrictEqual(yield* idsOf, [idOf(phone), idOf(other), idOf(lid)])
  yield* write(another(), sql, fact(4, far - 6n, { chat: [phone, lid] }), fact(5, far - 5n, { chat: [lid] }))
  assert.deepStrictEqual(yield* idsOf, [idOf(other), idOf(lid)])
  for (const name of [phone, lid]) {
    const found = yield* contact(idOf(name))
    assert.deepStrictEqual([found!.id, found!.heard_at, found!.named], [idOf(lid), fromMillis(5), far - 7n])
  }
  assert.deepStrictEqual(yield* chats(), [
    [idOf(lid), far - 5n],
    [idOf(other), far - 8n]
  ])
  assert.deepStrictEqual(places(yield* entries(lid)), [5n, 6n, 7n, 9n])
  assert.deepStrictEqual(places(yield* entries(phone, { after: far - 6n, limit: 1 })), [7n])
  assert.deepStrictEqual(
    (yield* contacts({ names: [phone, lid] })).map(({ id }) => id),
    [idOf(lid)]
  )
  for (const names of [[nameOf("x")], [phone, other]]) assert.deepStrictEqual(yield* contacts({ names }), [])
  // on another device they are somebody else's contact
  yield* write(writer, sql, fact(6, far - 4n, { device: away, chat: [phone] }))
  assert.deepStrictEqual((yield* contact(idOf(phone, away)))?.device as string, away)
  assert.strictEqual((yield* contacts({ names: [phone] })).length, 2)
})

/** Chats and contacts, page by page, of some devices and of all. */
const chatsListed = Effect.gen(function* () {
  const { sql, writer } = yield* begun
  const names = ["a", "b", "c", "d", "e"].map(nameOf)
  for (const [i, name] of names.entries()) {
    yield* write(writer, sql, fact(i + 1, far - BigInt(20 - i), { chat: [name], device: i % 2 ? away : home }))
  }
  yield* write(writer, sql, fact(7, far - 10n, { chat: [names[0]!] }), queued(8, far - 9n, away))
  // what is from before the link, and what changes something, makes nothing newer
  const target = { waMessageId: "F3", fromMe: false }
  yield* write(
    writer,
    sql,
    fact(9, far - 8n, { chat: [names[2]!], isHistory: true }),
    fact(10, far - 7n, { chat: [names[2]!], kind: "reaction", target }),
    {
      ...fact(11, far - 6n, { chat: [names[4]!] }),
      metadata: { ...fact(1, 1n).metadata, tenant: TenantId.make("another") }
    }
  )
  const { chats, contacts } = yield* reading(sql)
  const at = (asked: object) =>
    Effect.map(chats(asked), (found) => found.map(([, place]) => far - (place as unknown as bigint)))
  assert.deepStrictEqual(yield* at({}), [9n, 10n, 16n, 17n, 18n, 19n])
  assert.deepStrictEqual(yield* at({ limit: 2 }), [9n, 10n])
  assert.deepStrictEqual(yield* at({ limit: 2, after: far - 10n }), [16n, 17n])
  assert.deepStrictEqual(yield* at({ device: home }), [10n, 16n, 18n])
  assert.deepStrictEqual(yield* at({ devices: new Set([away]) }), [9n, 17n, 19n])
  assert.deepStrictEqual(yield* at({ device: home, devices: new Set([away]) }), [])
  assert.deepStrictEqual(yield* at({ devices: new Set() }), [])
  const idsOf = (asked: object) => Effect.map(contacts(asked), (found) => found.map(({ id }) => id))
  assert.deepStrictEqual(yield* idsOf({ device: away }), [
    idOf(recipient, away),
    idOf(names[3]!, away),
    idOf(names[1]!, away)
  ])
  // a number of a contact is shorter than a cursor may be
  assert.strictEqual((yield* contacts({ after: 2n ** 63n - 1n })).length, (yield* contacts()).length)
  const [first, second] = yield* contacts({ limit: 2 })
  assert.deepStrictEqual(yield* idsOf({ after: BigInt(first!.number), limit: 1 }), [second!.id])
})

/** What changes a message stands by what it is about, the newest of whoever does it, also if it could not be read at first. */
const changesKept = Effect.gen(function* () {
  const { sql, writer } = yield* begun
  const about = (waMessageId: string, kind: string, more: Said = {}) => ({
    chat: [group],
    chatKind: "group",
    sender: [phone],
    kind,
    target: { waMessageId, fromMe: false },
    ...more
  })
  const said = { chat: [group], chatKind: "group", sender: [phone] }
  yield* write(writer, sql, fact(1, far - 20n, about("F3", "reaction")), fact(2, far - 19n, about("F3", "reaction")))
  yield* write(writer, sql, fact(3, far - 18n, said), fact(4, far - 17n, { ...said, kind: "undecryptable" }))
  yield* write(writer, sql, fact(5, far - 16n, about("F3", "edit", { sender: [other] })))
  yield* write(writer, sql, fact(6, far - 15n, about("F3", "reaction", { sender: [other] })))
  yield* write(writer, sql, fact(7, far - 14n, { ...said, kind: "undecryptable" }))
  const { changes, contacts, entries } = yield* reading(sql)
  assert.deepStrictEqual(places(yield* entries(group)), [14n, 17n, 18n])
  // heard before number 6, and read after it: still the older
  const target = { waMessageId: "F3", fromMe: false }
  yield* write(writer, sql, decrypted(4, far - 13n, "reaction", target), decrypted(7, far - 12n, "text"))
  assert.deepStrictEqual(places(yield* entries(group)), [14n, 18n])
  const kept = [
    ["edit", far - 16n],
    ["reaction", far - 17n],
    ["reaction", far - 15n]
  ]
  assert.sameDeepMembers(yield* changes(group, "F3", "F4"), kept as never)
  // told once more from a checkpoint that was set back: nothing changes
  const again: ReadonlyArray<RecordedEvent> = [fact(2, far - 19n, about("F3", "reaction")), fact(3, far - 18n, said)]
  for (const event of again) yield* write(writer, sql, event)
  assert.sameDeepMembers(yield* changes(group, "F3"), kept as never)
  assert.deepStrictEqual(
    (yield* contacts()).map(({ id }) => id),
    [idOf(other), idOf(phone)]
  )
})

/** What was sent through Homing stands there once, also if a history tells of it again. */
const echoesFolded = Effect.gen(function* () {
  const { sql, writer } = yield* begun
  const own = { chat: [recipient, lid], sender: [other], fromMe: true }
  yield* write(writer, sql, queued(1, far - 9n, home))
  yield* write(writer, sql, fact(2, far - 8n, { ...own, waMessageId: "3EB0000000000000000001", isHistory: true }))
  yield* write(writer, sql, fact(3, far - 7n, { ...own, waMessageId: "PHONE1" }))
  const { changes, contacts, entries } = yield* reading(sql)
  assert.deepStrictEqual(places(yield* entries(recipient)), [7n, 9n])
  assert.deepStrictEqual(yield* changes(recipient, "3EB0000000000000000001"), [["echo", far - 8n]])
  // the account itself is nobody's contact
  assert.deepStrictEqual(
    (yield* contacts()).map(({ id }) => id),
    [idOf(recipient)]
  )
})

/** What rows of contacts and chats owe their readers on every database. */
export const chatsContract = [
  ["makes one of two who turn out to be the same", peersJoined],
  ["lists chats and contacts newest first, of some devices and of all", chatsListed],
  ["keeps what changes a message by what it is about, whichever comes first", changesKept],
  ["has what was sent once, however often it is heard again", echoesFolded]
] as const
