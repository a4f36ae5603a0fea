import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"

/** The revision of a tombstone, and the `$tb` of a deleted stream's metadata: the largest 64-bit integer. */
export const deletedRevision = 9_223_372_036_854_775_807n

export interface ProposedEvent {
  readonly eventId: string
  readonly type: string
  readonly isJson: boolean
  readonly data: Uint8Array
  readonly metadata: Uint8Array
}

export interface StoredEvent extends ProposedEvent {
  readonly stream: string
  readonly revision: bigint
  readonly position: bigint
  readonly createdMillis: bigint
}

/** Positions and revisions are 64-bit integers, hence bigint. */
export interface Log {
  /** The position of the last event, 0n when there is none. */
  readonly head: () => bigint
  /** The stream's last revision, -1n when it has no events. */
  readonly lastRevision: (stream: string) => bigint
  readonly at: (stream: string, revision: bigint) => StoredEvent | undefined
  readonly last: (stream: string) => StoredEvent | undefined
  /** Events of the stream with `from <= revision <= to`, in this direction. */
  readonly stream: (name: string, from: bigint, to: bigint, order: Order, limit: number) => ReadonlyArray<StoredEvent>
  /** Events of all streams with `from <= position <= to`, in this direction. */
  readonly all: (from: bigint, to: bigint, order: Order, limit: number) => ReadonlyArray<StoredEvent>
  /** Only inside `commit`. Returns the event's position. */
  readonly insert: (stream: string, revision: bigint, event: ProposedEvent) => bigint
  /** Runs the writes in one transaction, which is on disk when it returns. `beforeCommit` runs last. */
  readonly commit: <A>(writes: ReadonlyArray<() => A>, beforeCommit: () => void) => ReadonlyArray<A>
}

export type Order = "forwards" | "backwards"

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA fullfsync = ON;
  CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    type TEXT NOT NULL,
    is_json INTEGER NOT NULL,
    data BLOB NOT NULL,
    metadata BLOB NOT NULL,
    created_millis INTEGER NOT NULL,
    UNIQUE (stream, revision)
  ) STRICT`

/** What one record takes in the real log apart from its names and bytes, about. */
const recordOverhead = 96

export const openLog = (directory: string): Log => {
  mkdirSync(directory, { recursive: true })
  const db = new DatabaseSync(join(directory, "double.db"))
  db.exec(schema)
  const prepare = (sql: string) => {
    const statement = db.prepare(sql)
    statement.setReadBigInts(true)
    return statement
  }
  const begin = db.prepare("BEGIN IMMEDIATE")
  const end = db.prepare("COMMIT")
  const selectHead = prepare("SELECT MAX(position) AS head FROM events")
  const selectLast = prepare("SELECT * FROM events WHERE stream = ? ORDER BY revision DESC LIMIT 1")
  const selectLastRevision = prepare("SELECT MAX(revision) AS last FROM events WHERE stream = ?")
  const selectAt = prepare("SELECT * FROM events WHERE stream = ? AND revision = ?")
  const ordered = (column: string, where: string) => ({
    forwards: prepare(`SELECT * FROM events WHERE ${where} ORDER BY ${column} LIMIT ?`),
    backwards: prepare(`SELECT * FROM events WHERE ${where} ORDER BY ${column} DESC LIMIT ?`)
  })
  const selectStream = ordered("revision", "stream = ? AND revision BETWEEN ? AND ?")
  const selectAll = ordered("position", "position BETWEEN ? AND ?")
  const insert = db.prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")

  let head = (selectHead.get()!.head as bigint | null) ?? 0n

  return {
    head: () => head,
    lastRevision: (stream) => (selectLastRevision.get(stream)!.last as bigint | null) ?? -1n,
    at: (stream, revision) => decode(selectAt.get(stream, revision)),
    last: (stream) => decode(selectLast.get(stream)),
    stream: (name, from, to, order, limit) => selectStream[order].all(name, from, to, limit).map((row) => decode(row)!),
    all: (from, to, order, limit) => selectAll[order].all(from, to, limit).map((row) => decode(row)!),
    insert: (stream, revision, { data, eventId, isJson, metadata, type }) => {
      head += BigInt(recordOverhead + stream.length + type.length + data.byteLength + metadata.byteLength)
      insert.run(head, stream, revision, eventId, type, isJson ? 1 : 0, data, metadata, Date.now())
      return head
    },
    commit: (writes, beforeCommit) => {
      begin.run()
      const results = writes.map((write) => write())
      beforeCommit()
      end.run()
      return results
    }
  }
}

const decode = (row: Record<string, unknown> | undefined): StoredEvent | undefined =>
  row && {
    position: row.position as bigint,
    stream: row.stream as string,
    revision: row.revision as bigint,
    eventId: row.event_id as string,
    type: row.type as string,
    isJson: row.is_json === 1n,
    data: row.data as Uint8Array,
    metadata: row.metadata as Uint8Array,
    createdMillis: row.created_millis as bigint
  }
