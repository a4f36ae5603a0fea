import type { BinaryNode } from "@whiskeysockets/baileys"
import { fromMillis, type Instant } from "#domain/Instant.ts"
import type { MessageCode } from "#domain/message/Codes.ts"
import { userOf } from "./addresses/User.ts"

/** What the server says about messages of ours, read from its stanzas and capped. */
export interface Ack {
  readonly waMessageId: string
  readonly from: string | undefined
  /** Why the server refused the message; `undefined` when it took it. */
  readonly error: string | undefined
  /** Of the devices that the message should have gone to. */
  readonly phash: string | undefined
}

/** Who has to say it: whoever the message went to, or another device of the account, which had its copy of it. */
export type Speaker = "recipient" | "account"

export interface Receipt {
  /** One stanza may speak of several messages. */
  readonly waMessageIds: ReadonlyArray<string>
  /** What it says of them if the right one says it; `undefined` when it says nothing about their way. */
  readonly kind: "sent" | "delivered" | "read" | "played" | undefined
  readonly speakers: ReadonlyArray<Speaker>
  /** Somebody could not read the message and asks for it again. */
  readonly asksAgain: boolean
  readonly from: string | undefined
  /** The number behind a `from` that is a LID, if the server names it. */
  readonly number: string | undefined
  readonly participant: string | undefined
  /** The chat, when a device of the account speaks. */
  readonly recipient: string | undefined
  readonly at: Instant
}

const maxIdLength = 128
const maxHashLength = 64
const maxIdsPerReceipt = 1_024

/** Message ids go through here wherever they come from the other side; `undefined` when it cannot be one of ours. */
export const messageId = (id: string | null | undefined): string | undefined =>
  id && id.length <= maxIdLength ? id : undefined

/** A code as WhatsApp writes them; of anything else no more than that there was one. */
const errorCode = (code: string | undefined): string | undefined =>
  code === undefined || /^\d{1,6}$/.test(code) ? code : ("unspecified" satisfies MessageCode)

export const readAck = ({ attrs }: BinaryNode): Ack | undefined => {
  const waMessageId = messageId(attrs.id)
  if (waMessageId === undefined) return undefined
  return { waMessageId, from: attrs.from, error: errorCode(attrs.error), phash: attrs.phash?.slice(0, maxHashLength) }
}

type Meaning = Pick<Receipt, "kind" | "speakers" | "asksAgain">
const meaning = (kind: Receipt["kind"], ...speakers: ReadonlyArray<Speaker>): Meaning => ({
  kind,
  speakers,
  asksAgain: false
})

/** Without a type, a device has the message. `docs/api.md` has this table as well. */
const meanings: ReadonlyMap<string | undefined, Meaning> = new Map([
  [undefined, meaning("delivered", "recipient")],
  ["inactive", meaning("delivered", "recipient")], // a device that nobody looks at has it
  ["read", meaning("read", "recipient")],
  ["played", meaning("played", "recipient")],
  ["sender", meaning("sent", "account")],
  ["retry", { ...meaning("sent", "recipient", "account"), asksAgain: true }] // it came, and could not be opened
])
/** Such as read-self, played-self, peer_msg, hist_sync, server-error, enc_rekey_retry, and what comes later. */
const nothing = meaning(undefined)

export const readReceipt = ({ attrs, content }: BinaryNode, now: number): Receipt => {
  const list = Array.isArray(content) ? content.find((child) => child.tag === "list")?.content : undefined
  const more = Array.isArray(list) ? list.map((item) => item.attrs.id) : []
  const ids = [attrs.id, ...more.slice(0, maxIdsPerReceipt)].map(messageId).filter((id) => id !== undefined)
  const { from, participant, recipient } = attrs
  return {
    ...(meanings.get(attrs.type) ?? nothing),
    waMessageIds: [...new Set(ids)],
    from,
    number: userOf(from)?.kind === "lid" ? attrs.sender_pn : undefined,
    participant,
    recipient,
    at: instantOf(attrs.t, now)
  }
}

/** Receipts wait at the server while we are away: its second counts, but never one that is still to come. */
const instantOf = (seconds: string | undefined, now: number): Instant => {
  const said = seconds !== undefined && /^\d{10}$/.test(seconds) ? Number(seconds) * 1_000 + 999 : now
  return fromMillis(Math.min(said, now))
}
