import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import type { Dice } from "../crash/Dice.ts"
import { eventOf, logFile, makeTree, treeFile } from "./Log.ts"

/** What somebody does to the files of a log. Leaf `i` is the event at position `i + 1`: nothing else was ever stored there. */

/** Where it is, in leaves: of `size`, and below `below`, which a head that was kept elsewhere covers. */
interface Place {
  readonly folder: string
  readonly size: number
  readonly below: number
}

/** The first leaf that is not what it was. */
type Mutation = (place: Place, dice: Dice) => Effect.Effect<number, unknown>

const within = <A>(folder: string, file: string, change: (db: DatabaseSync) => A) =>
  Effect.sync(() => {
    const db = new DatabaseSync(join(folder, file))
    try {
      return change(db)
    } finally {
      db.close()
    }
  })

type Row = Readonly<Record<string, string | number | Uint8Array | null>>
const rowAt = (db: DatabaseSync, index: number) =>
  db.prepare("SELECT * FROM events WHERE position = ?").get(index + 1) as Row

const otherDigit = (text: string, at: number) => text.slice(0, at) + (text[at] === "a" ? "b" : "a") + text.slice(at + 1)
/** In words that are no syntax. */
const altered = (json: string, dice: Dice) => {
  const from = json.indexOf("sealed ") < 0 ? json.indexOf("trial") : json.indexOf("sealed ")
  return otherDigit(json, from + dice.below(5))
}

const fields: ReadonlyArray<(row: Row, dice: Dice) => Row> = [
  ({ data }, dice) => ({ data: altered(String(data), dice) }),
  ({ metadata }, dice) => ({ metadata: altered(String(metadata), dice) }),
  ({ type }) => ({ type: type === "message.sent.v1" ? "message.failed.v1" : "message.sent.v1" }),
  ({ event_id }, dice) => ({ event_id: otherDigit(String(event_id), dice.below(8)) }),
  ({ stream }, dice) => ({ stream: otherDigit(String(stream), 8 + dice.below(8)) }),
  ({ recorded_at }) => ({ recorded_at: fromMillis(Date.parse(String(recorded_at)) + 1) }),
  ({ revision }) => ({ revision: Number(revision) + 1_000, origin: 1 }),
  ({ data, evidence }, dice) =>
    evidence instanceof Uint8Array
      ? { evidence: evidence.with(0, evidence[0]! ^ 1) }
      : { data: altered(String(data), dice) }
]

const editOne = (db: DatabaseSync, index: number, dice: Dice) => {
  const row = rowAt(db, index)
  const changes = fields[dice.below(fields.length)]!(row, dice)
  const names = Object.keys(changes)
  db.prepare(`UPDATE events SET ${names.map((name) => `${name} = ?`).join(", ")} WHERE position = ?`).run(
    ...Object.values(changes),
    index + 1
  )
}

const insertAt = (db: DatabaseSync, index: number, dice: Dice) => {
  db.prepare("UPDATE events SET position = -position - 1 WHERE position > ?").run(index)
  db.exec("UPDATE events SET position = -position WHERE position < 0")
  const { data, eventId, metadata, type } = eventOf(dice, "message.queued.v2")
  db.prepare(
    "INSERT INTO events (position, event_id, stream, origin, revision, type, data, metadata, recorded_at) VALUES (?, ?, ?, NULL, 0, ?, ?, ?, ?)"
  ).run(index + 1, eventId, `message-${eventId}`, type, JSON.stringify(data), JSON.stringify(metadata), fromMillis(0))
}

const edit: Mutation = ({ below, folder }, dice) =>
  within(folder, logFile, (db) => {
    const index = dice.below(below)
    editOne(db, index, dice)
    return index
  })

const remove: Mutation = ({ below, folder }, dice) =>
  within(folder, logFile, (db) => {
    const index = dice.below(below)
    db.prepare("DELETE FROM events WHERE position = ?").run(index + 1)
    return index
  })

const insert: Mutation = ({ below, folder }, dice) =>
  within(folder, logFile, (db) => {
    const index = dice.below(below)
    insertAt(db, index, dice)
    return index
  })

const reorder: Mutation = ({ below, folder, size }, dice) =>
  within(folder, logFile, (db) => {
    const index = dice.below(Math.min(below, size - 1))
    const other = index + 1 + dice.below(size - index - 1)
    for (const [from, to] of [
      [index + 1, 0],
      [other + 1, index + 1],
      [0, other + 1]
    ]) {
      db.prepare("UPDATE events SET position = ? WHERE position = ?").run(to!, from!)
    }
    return index
  })

const truncate: Mutation = ({ below, folder }, dice) =>
  within(folder, logFile, (db) => {
    const index = 1 + dice.below(below - 1)
    db.prepare("DELETE FROM events WHERE position > ?").run(index)
    return index
  })

/** A row of leaves: its first, and their hashes. */
const leafRows = (db: DatabaseSync) =>
  db
    .prepare("SELECT first, count, hashes FROM audit_tree WHERE level = 0 ORDER BY first")
    .all() as unknown as ReadonlyArray<{
    readonly first: number
    readonly count: number
    readonly hashes: string
  }>

const editLeaf: Mutation = ({ below, folder }, dice) =>
  within(folder, treeFile, (db) => {
    const index = dice.below(below)
    const row = leafRows(db).findLast(({ first }) => first <= index)!
    const hashes = Uint8Array.fromBase64(row.hashes)
    const at = (index - row.first) * 32 + dice.below(32)
    db.prepare("UPDATE audit_tree SET hashes = ? WHERE level = 0 AND first = ?").run(
      hashes.with(at, hashes[at]! ^ (1 << dice.below(8))).toBase64(),
      row.first
    )
    return index
  })

const removeLeaves: Mutation = ({ below, folder }, dice) =>
  within(folder, treeFile, (db) => {
    const rows = leafRows(db).filter(({ first }) => first < below)
    const { first } = rows[dice.below(rows.length)]!
    db.prepare("DELETE FROM audit_tree WHERE level = 0 AND first = ?").run(first)
    return first
  })

const breakChain: Mutation = ({ below, folder }, dice) =>
  within(folder, treeFile, (db) => {
    const rows = leafRows(db).filter(({ first }) => first < below)
    const { count, first } = rows[dice.below(rows.length)]!
    db.prepare("UPDATE audit_tree SET link = ? WHERE level = 0 AND first = ?").run(
      new Uint8Array(32).fill(dice.below(256)).toBase64(),
      first
    )
    return first + count - 1
  })

/** Rewrites history, and makes the tree and the head from it anew: what whoever has taken the gateway over can do. */
const rewriting =
  (change: Mutation): Mutation =>
  (place, dice) =>
    Effect.tap(change(place, dice), () => makeTree(place.folder, dice))

/** Another end from some event on. */
const regrow: Mutation = ({ below, folder, size }, dice) =>
  within(folder, logFile, (db) => {
    const index = 1 + dice.below(below - 1)
    db.prepare("DELETE FROM events WHERE position > ?").run(index)
    for (let i = index; i < size + dice.below(5); i++) insertAt(db, i, dice)
    return index
  })

/** What is done to log or tree alone. */
export const tampering: Readonly<Record<string, Mutation>> = {
  edit,
  remove,
  insert,
  reorder,
  truncate,
  "edit a leaf": editLeaf,
  "remove leaves": removeLeaves,
  "break the chain": breakChain
}

/** The same with everything made to fit: nothing but a head that was kept elsewhere tells of it. */
export const forging: Readonly<Record<string, Mutation>> = {
  "edit, made to fit": rewriting(edit),
  "remove, made to fit": rewriting(remove),
  "insert, made to fit": rewriting(insert),
  "reorder, made to fit": rewriting(reorder),
  "truncate, made to fit": rewriting(truncate),
  fork: rewriting(regrow)
}
