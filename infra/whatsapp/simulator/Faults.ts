import { Schema, Struct } from "effect"
import { PhoneNumber } from "./PhoneNumber.ts"
import { Stanza } from "./Stanza.ts"

const Count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))
const Milliseconds = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3_600_000 }))
const Status = Schema.Int.check(Schema.isBetween({ minimum: 100, maximum: 999 }))
const ShortText = Schema.String.check(Schema.isMaxLength(4096))

export const Faults = Schema.Struct({
  /** How the server answers a <message>. With `never`, receipts still come; with `lateMs`, they come after it. */
  ack: Schema.Union([
    Schema.Literals(["normal", "never"]),
    Schema.Struct({ lateMs: Milliseconds }),
    Schema.Struct({ error: Status })
  ]),
  /** False: acknowledge, but do not hand the message to the contact. */
  deliver: Schema.Boolean,
  /** Close the socket as soon as a <message> arrives, this many times. */
  dropsBeforeDelivery: Count,
  /** Deliver, then close the socket before the ack is written, this many times. */
  dropsAfterDelivery: Count,
  /** The contact cannot read a message and asks for it again, this many times. */
  retryReceipts: Count,
  /** Which contacts the faults above hold for; null is all of them. */
  onlyTo: Schema.NullOr(Schema.Array(PhoneNumber)),
  /** What the contact reports of a delivered message, in this order. */
  receipts: Schema.Array(Schema.Literals(["delivery", "read", "played"])),
  /** Before each receipt. */
  receiptDelayMs: Milliseconds,
  /** Receipts of one kind from one contact are held until there are so many, and then sent as one. */
  receiptsTogether: Count.check(Schema.isGreaterThanOrEqualTo(1)),
  /** The address that a contact's receipts come from. */
  receiptsFrom: Schema.Literals(["pn", "lid"]),
  /** False: the server says nothing to a client's word that something was read. */
  acknowledgesReading: Schema.Boolean,
  /** A text that the contact sends back for every message that it gets for the first time. */
  reply: Schema.NullOr(ShortText),
  /** In which order a client gets what has waited for it. */
  offlineOrder: Schema.Literals(["kept", "reversed"]),
  /** Namespaces of queries that get no answer at all, as "usync", "encrypt", "abt", "w:p". */
  mutedQueries: Schema.Array(ShortText),
  /** Answer queries in this namespace with an error, as 429 (rate-overlimit). */
  queryError: Schema.NullOr(Schema.Struct({ namespace: ShortText, code: Status })),
  /**
   * What the directory answers: `error`, an error beside a list of bare names; `partial`, the bare names alone; `empty`,
   * an empty list; `nobody`, that no number is on WhatsApp.
   */
  usync: Schema.Literals(["normal", "error", "partial", "empty", "nobody"]),
  /** Devices that the server has no keys of, though their phone is there: a number, or a number, a colon and a device. */
  keyless: Schema.Array(Schema.String.check(Schema.isPattern(/^\d{5,15}(:\d{1,3})?$/))),
  /** A stanza that every client hears first, before it is logged in. */
  greeting: Schema.NullOr(Stanza),
  /** Refuse every login with this reason. */
  loginFailure: Schema.NullOr(Status),
  /** Answer the WebSocket upgrade with this HTTP status. */
  upgradeStatus: Schema.NullOr(Status),
  /** Phones enclose what they remember in the offer of it, or upload it. */
  historyUploaded: Schema.Boolean,
  /** Answer whoever fetches an uploaded file with this HTTP status. */
  fileStatus: Schema.NullOr(Status)
})
export type Faults = Struct.Mutable<typeof Faults.Type>

export const FaultsPatch = Faults.mapFields(Struct.map(Schema.optionalKey))
export type FaultsPatch = typeof FaultsPatch.Type

export const noFaults = (): Faults => ({
  ack: "normal",
  deliver: true,
  dropsBeforeDelivery: 0,
  dropsAfterDelivery: 0,
  retryReceipts: 0,
  onlyTo: null,
  receipts: ["delivery", "read"],
  receiptDelayMs: 0,
  receiptsTogether: 1,
  receiptsFrom: "pn",
  acknowledgesReading: true,
  reply: null,
  offlineOrder: "kept",
  mutedQueries: [],
  queryError: null,
  usync: "normal",
  keyless: [],
  greeting: null,
  loginFailure: null,
  upgradeStatus: null,
  historyUploaded: false,
  fileStatus: null
})

/** True, and one time fewer left, when a counted fault is due. */
export const takeOne = (
  faults: Faults,
  counter: "dropsBeforeDelivery" | "dropsAfterDelivery" | "retryReceipts"
): boolean => {
  if (faults[counter] === 0) return false
  faults[counter] -= 1
  return true
}

/** The faults that hold for messages to this contact. */
export const faultsFor = (faults: Faults, contact: string | undefined): Faults => {
  const holds = faults.onlyTo === null || (contact !== undefined && faults.onlyTo.includes(contact))
  if (holds) return faults
  const { ack, deliver, dropsBeforeDelivery, dropsAfterDelivery, retryReceipts } = noFaults()
  return { ...faults, ack, deliver, dropsBeforeDelivery, dropsAfterDelivery, retryReceipts }
}
