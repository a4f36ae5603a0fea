import type { DatabaseSync } from "node:sqlite"
import type { EventId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import type {
  LedgerChange,
  LedgerDevice,
  LedgerEntry,
  LedgerPlace,
  LedgerReport,
  ReportPlace
} from "#domain/ports/Ledger.ts"
import type { DeviceRow, EntryRow, LedgerRows, ReportRow } from "./LedgerRows.ts"

/** Each costs a page of the index by WhatsApp id: so many hold the event loop for about two milliseconds. */
const purgedAtOnce = 50

const mayBeTried = "'prepared', 'attempting', 'ambiguous'"
/** What is neither over nor to be tried is looked at as well: it is damage, not silence. */
const isOver = "'acked', 'rejected', 'expired'"

/** The statements over the ledger, prepared once. They throw what SQLite throws. */
export const ledgerTables = (db: DatabaseSync, rows: LedgerRows) => {
  const insertEpoch = db.prepare("INSERT INTO epochs (name) VALUES (?) ON CONFLICT (name) DO NOTHING")
  const epoch = "(SELECT id FROM epochs WHERE name = ?)"
  const insertEntry = db.prepare(
    `INSERT INTO entries VALUES (${epoch}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (epoch_id, position) DO NOTHING`
  )
  const raiseAttempt = db.prepare(
    `UPDATE entries SET attempt = MAX(attempt, ?) WHERE epoch_id = ${epoch} AND position = ? AND command_id = ?
    AND message = ? AND device = ? AND subject = ? AND wa_message_id = ? AND expires_at = ?`
  )
  const updateState = db.prepare(`
    UPDATE entries SET state = ?1, attempted_at = CASE WHEN ?1 = 'attempting' THEN COALESCE(attempted_at, ?2) ELSE attempted_at END
    WHERE epoch_id = (SELECT id FROM epochs WHERE name = ?3) AND position = ?4
    AND (state IN (${mayBeTried}) OR ?1 = 'acked' OR ?1 = state OR (?1 = 'rejected' AND state = 'expired'))`)
  const selectEntries =
    "SELECT entries.*, epochs.name AS epoch FROM entries JOIN epochs ON epochs.id = entries.epoch_id"
  const selectUnfinished = db.prepare(`
    ${selectEntries} WHERE epochs.name = ? AND state NOT IN (${isOver}) ORDER BY position`)
  const selectByWaMessageId = db.prepare(`${selectEntries} WHERE wa_message_id = ? ORDER BY epoch_id DESC LIMIT 1`)
  const selectEarlier = db.prepare(`
    SELECT 1 FROM entries WHERE wa_message_id = ? AND command_id = ? AND epoch_id <> ${epoch}
    AND state <> 'prepared' AND NOT (state = 'expired' AND expires_at <= ?)`)
  const selectReached = db.prepare(`
    SELECT position, command_id FROM (
      SELECT * FROM (SELECT position, command_id FROM entries WHERE epoch_id = (SELECT id FROM epochs WHERE name = ?1)
        ORDER BY position DESC LIMIT 1)
      UNION ALL SELECT position, command_id FROM devices WHERE epoch = ?1)
    ORDER BY position DESC LIMIT 1`)
  selectReached.setReadBigInts(true) // places of EventStoreDB's log may pass 2^53
  const selectEpochs = db.prepare("SELECT id FROM epochs")
  const selectOldest = db.prepare(
    "SELECT position, accepted_at FROM entries WHERE epoch_id = ? AND position > ? ORDER BY position LIMIT ?"
  )
  const deleteOld = db.prepare(`
    DELETE FROM entries WHERE epoch_id = ? AND position > ? AND position <= ?
    AND COALESCE(attempted_at, accepted_at) < ? AND expires_at <= ?`)
  const insertReport = db.prepare("INSERT INTO unreceipted VALUES (?, ?, ?) ON CONFLICT (position, id) DO NOTHING")
  const deleteReport = db.prepare("DELETE FROM unreceipted WHERE position = ? AND id = ?")
  const selectReports = db.prepare(
    "SELECT position, id, bytes FROM unreceipted WHERE (position, id) > (?, ?) ORDER BY position, id LIMIT ?"
  )
  const replaceDevice = db.prepare("INSERT OR REPLACE INTO devices VALUES (?, ?, ?, ?, ?, ?, ?)")
  const selectDevices = db.prepare("SELECT * FROM devices ORDER BY device")

  /** Where each report stands, since an acknowledgement tells its id alone: an index would cost two random pages for each. */
  const positions = new Map<string, bigint>()
  /** Those whose acknowledgement is there, and not durable yet. */
  const leaving = new Set<string>()
  for (const { id, position } of db.prepare("SELECT id, position FROM unreceipted").all()) {
    positions.set(id as string, BigInt(position as number))
  }

  const keep = (reports: ReadonlyArray<LedgerReport>): void => {
    for (const { bytes, id, position } of reports) insertReport.run(position, id, bytes)
  }

  return {
    /** To be called before entries of these epochs are taken, in the same transaction; answers with all there are. */
    open: (names: Iterable<string>): number => {
      for (const name of names) insertEpoch.run(name)
      return selectEpochs.all().length
    },

    accept: (entry: LedgerEntry, personal: Uint8Array, epochs: number): "accepted" | "known" | "contradicted" => {
      const { commandId, waMessageId } = entry
      const isKnown = () => selectEarlier.get(waMessageId, commandId, entry.epoch, entry.acceptedAt) !== undefined
      if (epochs > 1 && isKnown()) return "known"
      const { changes } = insertEntry.run(
        entry.epoch,
        entry.position,
        entry.commandId,
        entry.attempt,
        entry.message,
        entry.device,
        entry.subject,
        entry.waMessageId,
        entry.acceptedAt,
        entry.expiresAt,
        entry.state,
        entry.attemptedAt ?? null,
        personal
      )
      if (changes === 1) return "accepted"
      const raised = raiseAttempt.run(
        entry.attempt,
        entry.epoch,
        entry.position,
        entry.commandId,
        entry.message,
        entry.device,
        entry.subject,
        entry.waMessageId,
        entry.expiresAt
      )
      return raised.changes === 1 ? "known" : "contradicted"
    },

    change: ({ at, epoch, position, reports, state }: LedgerChange): boolean => {
      const tookEffect = updateState.run(state, at, epoch, position).changes === 1
      if (tookEffect) keep(reports)
      return tookEffect
    },

    unfinished: (epoch: string): ReadonlyArray<LedgerEntry> =>
      (selectUnfinished.all(epoch) as unknown as ReadonlyArray<EntryRow>).map(rows.toEntry),

    findSent: (waMessageId: string): LedgerEntry | undefined => {
      const row = selectByWaMessageId.get(waMessageId) as EntryRow | undefined
      return row && rows.toEntry(row)
    },

    reached: (epoch: string): LedgerPlace | undefined => {
      const row = selectReached.get(epoch)
      return row && { position: row.position as bigint, commandId: row.command_id as EventId }
    },

    epochs: (): ReadonlyArray<number> => selectEpochs.all().map(({ id }) => id as number),

    /**
     * Looks at the next few entries of an epoch, for places in the log grow with time, and deletes those that may go.
     * Answers with how many, and after which place to go on, unless all of them were too young.
     */
    purge: (epoch: number, after: number, before: Instant, now: Instant) => {
      const looked = selectOldest.all(epoch, after, purgedAtOnce)
      const last = looked.at(-1)?.position as number | undefined
      if (last === undefined || looked.every(({ accepted_at }) => (accepted_at as string) >= before)) {
        return { forgotten: 0, next: undefined }
      }
      return { forgotten: Number(deleteOld.run(epoch, after, last, before, now).changes), next: last }
    },

    keep,
    /**
     * Where these stand, which memory is to know before they are written: an acknowledgement may be there when its report
     * is on its way to the disk. If that is undone, there is nothing at the place.
     */
    place: (reports: ReadonlyArray<LedgerReport>): void => {
      for (const { id, position } of reports) positions.set(id, position)
    },
    /** Which of these an acknowledgement tells for the first time: it may come again before it is durable. */
    leave: (ids: ReadonlyArray<EventId>): ReadonlyArray<EventId> => {
      const first = ids.filter((id) => positions.has(id) && !leaving.has(id))
      for (const id of first) leaving.add(id)
      return first
    },
    /** Answers with what to do once it is durable. */
    release: (ids: ReadonlyArray<EventId>) => {
      for (const id of ids) deleteReport.run(positions.get(id)!, id)
      return (): void => {
        for (const id of ids) {
          positions.delete(id)
          leaving.delete(id)
        }
      }
    },
    reports: (limit: number, after?: ReportPlace): ReadonlyArray<LedgerReport> =>
      (selectReports.all(after?.position ?? -1, after?.id ?? "", limit) as unknown as ReadonlyArray<ReportRow>).map(
        rows.toReport
      ),

    saveDevice: (
      { attempt, commandId, device, epoch, position, reported }: LedgerDevice,
      pairing: Uint8Array | null
    ) => {
      replaceDevice.run(device, epoch, position, commandId, attempt, pairing, reported)
    },
    devices: (): ReadonlyArray<LedgerDevice> =>
      (selectDevices.all() as unknown as ReadonlyArray<DeviceRow>).map(rows.toDevice)
  }
}
