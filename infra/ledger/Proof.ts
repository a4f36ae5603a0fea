import type { DatabaseSync } from "node:sqlite"
import type { DeviceRow, EntryRow, LedgerRows } from "./LedgerRows.ts"

export const schema = `
  CREATE TABLE IF NOT EXISTS proof (id INTEGER PRIMARY KEY CHECK (id = 1), sealed BLOB NOT NULL) STRICT;`

/** Throws when what is personal in the file was encrypted under another secret: it could be neither sent nor paired. */
export const refuseOtherSecret = (db: DatabaseSync, rows: LedgerRows): void => {
  const proof = db.prepare("SELECT sealed FROM proof").get()?.sealed as Uint8Array | undefined
  try {
    if (proof !== undefined) {
      rows.prove(proof)
      return
    }
    // of a release that left no proof
    const entry = db
      .prepare("SELECT entries.*, epochs.name AS epoch FROM entries JOIN epochs ON epochs.id = epoch_id LIMIT 1")
      .get()
    if (entry !== undefined) rows.toEntry(entry as unknown as EntryRow)
    const device = db.prepare("SELECT * FROM devices WHERE pairing IS NOT NULL LIMIT 1").get()
    if (device !== undefined) rows.toDevice(device as unknown as DeviceRow)
  } catch {
    throw new Error(
      "what is in it was not encrypted under the secret ledger that is here. Put back the one that goes with it"
    )
  }
  db.prepare("INSERT INTO proof VALUES (1, ?)").run(rows.proof())
}
