import type { DatabaseSync } from "node:sqlite"
import type { DeviceRow, EntryRow, LedgerRows } from "./LedgerRows.ts"

export const schema = `
  CREATE TABLE IF NOT EXISTS proof (id INTEGER PRIMARY KEY CHECK (id = 1), sealed BLOB NOT NULL) STRICT;`

/** Of a release that left no proof: so many are tried, since one may be damaged for a reason of its own. */
const tried = 10

const opens = (read: () => unknown): boolean => {
  try {
    read()
    return true
  } catch {
    return false
  }
}

/** Throws when what is personal in the file was encrypted under another secret: it could be neither sent nor paired. */
export const refuseOtherSecret = (db: DatabaseSync, rows: LedgerRows): void => {
  const proof = db.prepare("SELECT sealed FROM proof").get()?.sealed as Uint8Array | undefined
  const entries = db.prepare(
    "SELECT entries.*, epochs.name AS epoch FROM entries JOIN epochs ON epochs.id = epoch_id LIMIT ?"
  )
  const devices = db.prepare("SELECT * FROM devices WHERE pairing IS NOT NULL LIMIT ?")
  const boxes =
    proof !== undefined
      ? [() => rows.prove(proof)]
      : [
          ...entries.all(tried).map((entry) => () => rows.toEntry(entry as unknown as EntryRow)),
          ...devices.all(tried).map((device) => () => rows.toDevice(device as unknown as DeviceRow))
        ]
  if (boxes.length > 0 && !boxes.some(opens)) {
    throw new Error(
      "what is in it was not encrypted under the secret ledger that is here. Put back the one that goes with it"
    )
  }
  if (proof === undefined) db.prepare("INSERT INTO proof VALUES (1, ?)").run(rows.proof())
}
