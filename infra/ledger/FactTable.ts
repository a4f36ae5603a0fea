import type { DatabaseSync } from "node:sqlite"
import { Schema } from "effect"
import { fromUtf8, lengthPrefixed, utf8 } from "#domain/Bytes.ts"
import type { DeviceId, EventId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import { Heard } from "#domain/inbound/Heard.ts"
import type { Crypto, MacKey } from "#domain/ports/Crypto.ts"
import type { HeardFact, HeardPlace, Lane } from "#domain/ports/Ledger.ts"
import type { SealedBlobs } from "#infra/crypto/SealedBlob.ts"

export const schema = `
  CREATE TABLE IF NOT EXISTS facts (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    device TEXT NOT NULL,
    chat TEXT NOT NULL,
    heard_at TEXT NOT NULL,
    lane TEXT NOT NULL,
    personal BLOB NOT NULL
  ) STRICT;
  -- history stands between live facts, and neither is read past the other
  CREATE INDEX IF NOT EXISTS facts_by_lane ON facts (lane, place);
  -- what they take, so that nobody has to count them
  CREATE TABLE IF NOT EXISTS facts_size (id INTEGER PRIMARY KEY CHECK (id = 1), bytes INTEGER NOT NULL) STRICT;
  INSERT INTO facts_size VALUES (1, 0) ON CONFLICT (id) DO NOTHING;
  CREATE TRIGGER IF NOT EXISTS fact_kept AFTER INSERT ON facts
    BEGIN UPDATE facts_size SET bytes = bytes + LENGTH(new.personal); END;
  CREATE TRIGGER IF NOT EXISTS fact_gone AFTER DELETE ON facts
    BEGIN UPDATE facts_size SET bytes = bytes - LENGTH(old.personal); END`

interface FactRow {
  readonly id: EventId
  readonly device: DeviceId
  readonly heard_at: Instant
  readonly personal: Uint8Array
}

const decodeHeard = Schema.decodeUnknownSync(Schema.fromJsonString(Heard))
const contextOf = (id: EventId, device: DeviceId, at: Instant) => lengthPrefixed("homing/ledger/fact/1", id, device, at)

const laneOf = ({ isHistory }: Heard): Lane => (isHistory ? "history" : "live")

/** By its number, if it has one: whoever is known by both names is one chat. */
const nameOf = ({ chat }: Heard): ReadonlyArray<string> => {
  if (chat.kind !== "person") return [chat.kind, chat.address]
  return chat.phone === undefined ? ["lid", chat.lid ?? ""] : ["phone", chat.phone]
}

/** A fact on its way into the table. */
export interface SealedFact {
  readonly id: EventId
  readonly device: DeviceId
  readonly at: Instant
  readonly chat: string
  readonly lane: Lane
  readonly personal: Uint8Array
}

/** The statements over what devices heard, prepared once. They throw what SQLite throws. `most`: bytes, of what is personal. */
export const factTable = (
  db: DatabaseSync,
  {
    crypto,
    key,
    blobs,
    most
  }: {
    readonly crypto: Crypto["Service"]
    readonly key: MacKey
    readonly blobs: SealedBlobs
    readonly most: number
  }
) => {
  const insert = db.prepare(
    "INSERT INTO facts (id, device, chat, heard_at, lane, personal) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"
  )
  const select = db.prepare("SELECT id, device, heard_at, personal FROM facts WHERE place = ?")
  const selectWaiting = db.prepare(
    "SELECT place, id, chat FROM facts WHERE lane = ? AND place > ? ORDER BY place LIMIT ?"
  )
  const selectOldest = db.prepare("SELECT id FROM facts WHERE lane = ? ORDER BY place LIMIT 1")
  /** What was before a device was linked is the smaller loss. */
  const oldest = () => (selectOldest.get("history") ?? selectOldest.get("live"))?.id as EventId | undefined
  const remove = db.prepare("DELETE FROM facts WHERE id = ?")
  const selectSize = db.prepare("SELECT bytes FROM facts_size")
  const isOver = () => (selectSize.get()!.bytes as number) > most

  return {
    seal: ({ at, device, heard, id }: HeardFact): SealedFact => ({
      id,
      device,
      at,
      chat: crypto.mac(key, lengthPrefixed("homing/ledger/chat/1", device, ...nameOf(heard)), "base64url"),
      lane: laneOf(heard),
      personal: blobs.seal(utf8(JSON.stringify(heard)), contextOf(id, device, at))
    }),

    keep: (facts: ReadonlyArray<SealedFact>) => {
      const places: Array<HeardPlace> = []
      for (const { at, chat, device, id, lane, personal } of facts) {
        const { changes, lastInsertRowid } = insert.run(id, device, chat, at, lane, personal)
        if (changes === 0) continue
        places.push({ id, place: Number(lastInsertRowid), chat, lane })
      }
      const forgotten: Array<EventId> = []
      while (isOver()) {
        const id = oldest()
        if (id === undefined) break
        remove.run(id)
        forgotten.push(id)
      }
      return { places, forgotten }
    },

    waiting: (lane: Lane, limit: number, after: number): ReadonlyArray<HeardPlace> =>
      (selectWaiting.all(lane, after, limit) as unknown as ReadonlyArray<Omit<HeardPlace, "lane">>).map((place) => ({
        ...place,
        lane
      })),

    read: (place: number): HeardFact | "damaged" | undefined => {
      const row = select.get(place) as FactRow | undefined
      if (row === undefined) return undefined
      const { device, heard_at: at, id, personal } = row
      try {
        return { id, device, at, heard: decodeHeard(fromUtf8(blobs.open(personal, contextOf(id, device, at)))) }
      } catch {
        return "damaged"
      }
    },

    acknowledged: (ids: ReadonlyArray<EventId>) => {
      for (const id of ids) remove.run(id)
    }
  }
}
