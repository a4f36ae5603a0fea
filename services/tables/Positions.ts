import { Effect, Schema } from "effect"
import { EventId } from "#domain/Ids.ts"
import type { Table } from "./Tables.ts"

/** Tables that say how far somebody has come in the log. Besides their owners every start reads them, before all others. */

/** How far somebody has come in the log, and the event that stands there, where it is known which. */
export interface Mark {
  readonly position: bigint
  readonly eventId: EventId | undefined
}

/** What a row says of it. The event has a position of its own: a release that knows none moves the other alone. */
export const rowOf = ({ eventId, position }: Mark) => ({
  position: String(position),
  event: eventId ?? null,
  event_position: eventId === undefined ? null : String(position)
})

/** No event stands before the first place: 0 and less are nowhere that anybody has come to. */
const Position = Schema.NullOr(Schema.BigIntFromString.check(Schema.isGreaterThanBigInt(0n)))

export const MarkedRow = Schema.Struct({
  position: Position,
  event: Schema.NullOr(EventId),
  event_position: Position
})

const marking = (table: string): NonNullable<Table["migrations"]>[number] =>
  Effect.fnUntraced(function* (sql) {
    yield* sql`ALTER TABLE ${sql(table)} ADD COLUMN event TEXT`
    yield* sql`ALTER TABLE ${sql(table)} ADD COLUMN event_position TEXT`
  })

/** Of each partition the last event whose command is in the bus's custody. */
export const dispatcher: Table = {
  name: "dispatcher",
  create: (sql) => sql`CREATE TABLE dispatcher (id INTEGER PRIMARY KEY, position TEXT NOT NULL)`,
  migrations: [marking("dispatcher")]
}

/** The last event whose deliveries stand in their table. */
export const deliverer: Table = {
  name: "deliverer",
  create: (sql) => sql`CREATE TABLE deliverer (id INTEGER PRIMARY KEY, position TEXT NOT NULL)`,
  migrations: [marking("deliverer")]
}

/** Of all work on Meta's requests, by its name, the last event that it is done with. */
export const metaCheckpoints: Table = {
  name: "meta_checkpoints",
  create: (sql) => sql`CREATE TABLE meta_checkpoints (name TEXT PRIMARY KEY, position TEXT NOT NULL)`,
  migrations: [marking("meta_checkpoints")]
}

/** Of each view, in its version, the last event that its rows hold; where these decide something, a seal over both. */
export const checkpoints: Table = {
  name: "checkpoints",
  create: (sql) =>
    sql`CREATE TABLE checkpoints (view_name TEXT PRIMARY KEY, view_version INTEGER NOT NULL, position TEXT)`,
  migrations: [(sql) => sql`ALTER TABLE checkpoints ADD COLUMN seal TEXT`, marking("checkpoints")]
}
