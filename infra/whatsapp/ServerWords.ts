import type { BinaryNode } from "@whiskeysockets/baileys"
import { fromMillis, type Instant } from "#domain/Instant.ts"

/** What the server says about messages of ours, read from its stanzas and capped. */
export type Ack = { readonly waMessageId: string; readonly error: string | undefined }
export type Receipt = {
  readonly waMessageId: string
  readonly kind: "delivered" | "read" | "played"
  readonly at: Instant
}

const maxIdLength = 128
const maxCodeLength = 32
const maxIdsPerReceipt = 1_024

/** Message ids go through here wherever they come from the other side; `undefined` when it cannot be one of ours. */
export const messageId = (id: string | null | undefined): string | undefined =>
  id && id.length <= maxIdLength ? id : undefined

export const readAck = ({ attrs }: BinaryNode): Ack | undefined => {
  const waMessageId = messageId(attrs.id)
  return waMessageId === undefined ? undefined : { waMessageId, error: attrs.error?.slice(0, maxCodeLength) }
}

/** One stanza may speak of several messages. Other types (retry, sender, read-self, …) say nothing about arrival. */
export const readReceipts = ({ attrs, content }: BinaryNode, now: number): ReadonlyArray<Receipt> => {
  const kind = kindOf(attrs.type)
  if (kind === undefined) return []
  const list = Array.isArray(content) ? content.find((child) => child.tag === "list")?.content : undefined
  const more = Array.isArray(list) ? list.map((item) => item.attrs.id) : []
  const ids = [attrs.id, ...more.slice(0, maxIdsPerReceipt)].map(messageId).filter((id) => id !== undefined)
  const at = instantOf(attrs.t, now)
  return ids.map((waMessageId) => ({ waMessageId, kind, at }))
}

const kindOf = (type: string | undefined): Receipt["kind"] | undefined => {
  if (type === undefined) return "delivered"
  return type === "read" || type === "played" ? type : undefined
}

/** Receipts wait at the server while we are away: its second counts, but never one that is still to come. */
const instantOf = (seconds: string | undefined, now: number): Instant => {
  const said = seconds !== undefined && /^\d{10}$/.test(seconds) ? Number(seconds) * 1_000 + 999 : now
  return fromMillis(Math.min(said, now))
}
