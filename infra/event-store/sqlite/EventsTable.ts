import type { DatabaseSync } from "node:sqlite"
import type { EventId, StreamId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import type { Appended, ExpectedRevision } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { decode, type EncodedEvent, type Row } from "./EventRow.ts"

/** What became of an append: stored now, stored before under the same ids, or refused. */
export type Insertion =
  | { readonly _tag: "Stored"; readonly events: ReadonlyArray<RecordedEvent>; readonly last: Appended }
  | { readonly _tag: "Repeated"; readonly last: Appended }
  | { readonly _tag: "Refused" }

type Place = Pick<Row, "event_id" | "revision" | "position">

/** The statements over the events, prepared once. They throw what SQLite throws. */
export const eventsTable = (db: DatabaseSync) => {
  const insertOne = db.prepare(`
    INSERT INTO events (event_id, stream, origin, revision, type, data, metadata, recorded_at, evidence)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
  const selectFirst = db.prepare("SELECT * FROM events WHERE stream = ? AND revision = 0")
  const selectOrigin = db.prepare("SELECT position FROM events WHERE stream = ? AND revision = 0")
  const selectNext = db.prepare("SELECT * FROM events WHERE origin = ? AND revision > 0 ORDER BY revision")
  const selectPlaces = db.prepare(`
    SELECT event_id, revision, position FROM events WHERE origin = ? AND revision > 0 AND revision >= ?
    ORDER BY revision LIMIT ?`)
  const selectOne = db.prepare("SELECT 1 FROM events WHERE origin = ? AND revision = ? AND revision > 0")
  const selectPage = db.prepare(`
    SELECT * FROM events WHERE position > ? AND position <= ?
      AND substr(stream, 1, instr(stream, '-') - 1) IN (SELECT value FROM json_each(?)) ORDER BY position`)
  const selectOthers = db.prepare(`
    SELECT * FROM events INDEXED BY others WHERE substr(stream, 1, 8) <> 'message-' AND position > ?
      AND substr(stream, 1, instr(stream, '-') - 1) IN (SELECT value FROM json_each(?)) ORDER BY position LIMIT ?`)
  const selectAt = db.prepare("SELECT event_id FROM events WHERE position = ?")
  const selectHead = db.prepare("SELECT MAX(position) AS head FROM events")

  const originOf = (stream: StreamId) => selectOrigin.get(stream)?.position as number | undefined
  const rowsOf = (stream: StreamId): ReadonlyArray<Row> => {
    const first = selectFirst.get(stream) as Row | undefined
    return first === undefined ? [] : [first, ...(selectNext.all(first.position) as unknown as ReadonlyArray<Row>)]
  }

  const placesOf = (stream: StreamId, from: number, count: number): ReadonlyArray<Place> => {
    const first = selectFirst.get(stream) as Row | undefined
    if (first === undefined) return []
    const later = selectPlaces.all(first.position, from, count) as unknown as ReadonlyArray<Place>
    return from === 0 ? [first, ...later].slice(0, count) : later
  }

  const repeatedOrRefused = (stream: StreamId, from: number, events: ReadonlyArray<EncodedEvent>): Insertion => {
    const places = placesOf(stream, from, events.length)
    const last = places.at(-1)
    return last !== undefined &&
      places.length === events.length &&
      places.every((place, i) => place.event_id === events[i]!.event.eventId)
      ? { _tag: "Repeated", last: { revision: last.revision, position: BigInt(last.position) } }
      : { _tag: "Refused" }
  }

  return {
    /** To be run inside a transaction. */
    insert: (
      stream: StreamId,
      expected: ExpectedRevision,
      events: ReadonlyArray<EncodedEvent>,
      recordedAt: Instant
    ): Insertion => {
      let origin = expected === "no_stream" ? undefined : originOf(stream)
      if (expected !== "no_stream") {
        const stands = origin !== undefined && (expected === 0 || selectOne.get(origin, expected) !== undefined)
        if (!stands) return { _tag: "Refused" }
      }
      const first = expected === "no_stream" ? 0 : expected + 1
      const stored: Array<RecordedEvent> = []
      for (const [i, { data, event, evidence, metadata }] of events.entries()) {
        const { eventId, type } = event
        const revision = first + i
        const { changes, lastInsertRowid } = insertOne.run(
          eventId,
          stream,
          origin ?? null,
          revision,
          type,
          data,
          metadata,
          recordedAt,
          evidence
        )
        // Revisions have no gaps, so only the first can be taken: nothing of this append has been written yet.
        if (changes === 0) return repeatedOrRefused(stream, first, events)
        origin ??= Number(lastInsertRowid)
        stored.push({
          eventId,
          type,
          data: event.data,
          metadata: event.metadata,
          stream,
          revision,
          position: BigInt(lastInsertRowid),
          recordedAt
        })
      }
      return { _tag: "Stored", events: stored, last: stored.at(-1)! }
    },

    read: (stream: StreamId) => rowsOf(stream).map(decode),

    /** Those of the given categories among the positions after `after` up to and including `upTo`. */
    page: (categories: ReadonlyArray<string>, after: bigint, upTo: bigint) =>
      (selectPage.all(after, upTo, JSON.stringify(categories)) as unknown as ReadonlyArray<Row>).map(decode),

    /** The next of these categories, which are not `message`. */
    others: (categories: ReadonlyArray<string>, after: bigint, limit: number) =>
      (selectOthers.all(after, JSON.stringify(categories), limit) as unknown as ReadonlyArray<Row>).map(decode),

    head: (): bigint | undefined => {
      const head = selectHead.get()!.head as number | null
      return head === null ? undefined : BigInt(head)
    },

    at: (position: bigint) => selectAt.get(position)?.event_id as EventId | undefined
  }
}

export type EventsTable = ReturnType<typeof eventsTable>
