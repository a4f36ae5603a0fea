import { Schema } from "effect"
import { concat, fromUtf8, lengthPrefixed, utf8 } from "#domain/Bytes.ts"
import type { DeviceId, EventId, MessageId, SubjectId, WaMessageId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import { Recipient } from "#domain/message/Recipient.ts"
import {
  type LedgerDevice,
  type LedgerEntry,
  type LedgerReport,
  type LedgerState,
  ledgerStates,
  type Standing
} from "#domain/ports/Ledger.ts"
import type { Pairing } from "#domain/ports/WhatsApp.ts"
import { Traceparent } from "#domain/tracing/Traceparent.ts"
import type { SealedBlobs } from "#infra/crypto/SealedBlob.ts"
import { Damaged } from "#infra/sqlite/Integrity.ts"

/**
 * Entries and reports are keyed by their command's place in the log, which grows: writing one touches the last page, and
 * of an entry one page of the index by WhatsApp id.
 */
export const schema = `
  PRAGMA secure_delete = FAST; -- what is personal is encrypted as well
  CREATE TABLE IF NOT EXISTS epochs (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE IF NOT EXISTS entries (
    epoch_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    command_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    message TEXT NOT NULL,
    device TEXT NOT NULL,
    subject TEXT NOT NULL,
    wa_message_id TEXT NOT NULL,
    accepted_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    state TEXT NOT NULL,
    attempted_at TEXT,
    personal BLOB NOT NULL,
    PRIMARY KEY (epoch_id, position)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS entries_by_wa_message_id ON entries (wa_message_id);
  -- reports without an acknowledgement, by the name that those had first
  CREATE TABLE IF NOT EXISTS unreceipted (
    position INTEGER NOT NULL,
    id TEXT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (position, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS devices (
    device TEXT PRIMARY KEY,
    epoch TEXT NOT NULL,
    position INTEGER NOT NULL,
    command_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    pairing BLOB,
    reported INTEGER NOT NULL
  ) STRICT`

export interface EntryRow {
  readonly epoch: string
  readonly position: number
  readonly command_id: EventId
  readonly attempt: number
  readonly message: MessageId
  readonly device: DeviceId
  readonly subject: SubjectId
  readonly wa_message_id: WaMessageId
  readonly accepted_at: Instant
  readonly expires_at: Instant
  readonly state: LedgerState
  readonly attempted_at: Instant | null
  readonly personal: Uint8Array
}

export interface DeviceRow {
  readonly device: DeviceId
  readonly epoch: string
  readonly position: number
  readonly command_id: EventId
  readonly attempt: number
  readonly pairing: Uint8Array | null
  readonly reported: number
}

export interface ReportRow {
  readonly position: number
  readonly id: EventId
  readonly bytes: Uint8Array
}

/** Beside a pairing, what stands in its place; a release that does not know it begins to pair once more. */
interface Standstill {
  readonly method: Exclude<Standing, "open">
}
type Stored = Pairing | Standstill
const isPairing = (stored: Stored): stored is Pairing => stored.method === "qr" || stored.method === "code"

/** Beside the recipient, where in which trace it was taken: a release that does not know of it passes over it. */
const decodeAside = Schema.decodeUnknownSync(
  Schema.fromJsonString(Schema.Struct({ ...Recipient.fields, trace: Schema.optionalKey(Traceparent) }))
)

/** What changes in the life of an entry, and what no seal covered before: nothing else is believed of it. */
const isUnsealedSound = Schema.is(
  Schema.Struct({
    attempt: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)),
    state: Schema.Literals(ledgerStates),
    accepted_at: Instant,
    expires_at: Instant,
    attempted_at: Schema.NullOr(Instant)
  })
)

/** All that an entry is until it is forgotten: none of it is believed but as it was accepted. */
type Accepted = Omit<LedgerEntry, "attempt" | "state" | "attemptedAt" | "trace" | "to" | "bytes">
const entryContext = (of: Accepted) =>
  lengthPrefixed(
    "homing/ledger/entry/2",
    of.epoch,
    `${of.position}`,
    of.commandId,
    of.message,
    of.device,
    of.subject,
    of.waMessageId,
    of.acceptedAt,
    of.expiresAt
  )
/** Of rows from before: they are bound to their command alone. */
const olderEntryContext = ({ commandId, epoch, position }: Accepted) =>
  lengthPrefixed("homing/ledger/entry/1", epoch, `${position}`, commandId)
/** `undefined`: it opens as neither. */
const openEither = (personal: Uint8Array, of: Accepted, open: SealedBlobs["open"]): Uint8Array | undefined => {
  for (const contextOf of [entryContext, olderEntryContext]) {
    try {
      return open(personal, contextOf(of))
    } catch {}
  }
  return undefined
}
const proofContext = lengthPrefixed("homing/ledger/proof/1")
const pairingContext = (device: DeviceId) => lengthPrefixed("homing/ledger/pairing/1", device)

/** Rows to and from the port's types; what is personal in them is sealed. Throws when a row does not open. */
export const ledgerRows = ({ open, seal }: SealedBlobs) => ({
  /** That these rows and what it was taken from are under one secret. Throws when they are not. */
  proof: (): Uint8Array => seal(new Uint8Array(), proofContext),
  prove: (proof: Uint8Array): void => void open(proof, proofContext),

  /** The recipient behind its length in two bytes, then the encoded message. */
  sealPersonal: (entry: LedgerEntry): Uint8Array => {
    const { to, trace } = entry
    const recipient = utf8(JSON.stringify(trace === undefined ? to : { ...to, trace }))
    const length = new Uint8Array([recipient.length >> 8, recipient.length & 0xff])
    return seal(concat(length, recipient, entry.bytes), entryContext(entry))
  },

  /** Throws `Damaged` when the row is not as it was accepted, or in a state that there is none of. */
  toEntry: (row: EntryRow): LedgerEntry => {
    const accepted: Accepted = {
      epoch: row.epoch,
      position: BigInt(row.position),
      commandId: row.command_id,
      message: row.message,
      device: row.device,
      subject: row.subject,
      waMessageId: row.wa_message_id,
      acceptedAt: row.accepted_at,
      expiresAt: row.expires_at
    }
    const personal = openEither(row.personal, accepted, open)
    if (personal === undefined || !isUnsealedSound(row)) {
      throw new Damaged(`the entry of command ${row.command_id} is not what was written`)
    }
    const end = 2 + ((personal[0]! << 8) | personal[1]!)
    const { trace, ...to } = decodeAside(fromUtf8(personal.subarray(2, end)))
    return {
      ...accepted,
      attempt: row.attempt,
      state: row.state,
      attemptedAt: row.attempted_at ?? undefined,
      ...(trace !== undefined && { trace }),
      to,
      bytes: personal.slice(end)
    }
  },

  toReport: ({ bytes, id, position }: ReportRow): LedgerReport => ({ id, position: BigInt(position), bytes }),

  sealPairing: ({ device, pairing, standing }: LedgerDevice): Uint8Array | null => {
    const stored: Stored | undefined = standing === "open" ? pairing : { method: standing }
    return stored === undefined ? null : seal(utf8(JSON.stringify(stored)), pairingContext(device))
  },

  toDevice: (row: DeviceRow): LedgerDevice => {
    const stored: Stored | undefined =
      row.pairing === null ? undefined : JSON.parse(fromUtf8(open(row.pairing, pairingContext(row.device))))
    const pairing = stored !== undefined && isPairing(stored) ? stored : undefined
    return {
      epoch: row.epoch,
      position: BigInt(row.position),
      device: row.device,
      commandId: row.command_id,
      attempt: row.attempt,
      pairing,
      standing: stored === undefined || isPairing(stored) ? "open" : stored.method,
      reported: row.reported
    }
  }
})

export type LedgerRows = ReturnType<typeof ledgerRows>
