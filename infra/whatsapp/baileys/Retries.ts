import type { BinaryNode } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import type { SentMessage } from "#domain/ports/WhatsApp.ts"
import type { Addresses } from "./Addresses.ts"

/**
 * A receipt that asks for a message, as Baileys is to see it: without all that could name another message, chat or asker.
 * Baileys gives a message anew to whoever asks under its id, also from its own memory, and looks for more ids on the way.
 */
export const wish = (node: BinaryNode, addresses: Addresses, address: string): BinaryNode => {
  const { attrs, content } = node
  const { id, from, offline, participant, t } = attrs
  const parts = Array.isArray(content) ? content : []
  const part = (tag: string) => parts.filter((child) => child.tag === tag).slice(0, 1)
  const count = part("retry")[0]?.attrs.count
  const recipient = addresses.isOwn(from) ? address : undefined
  const given = Object.entries({ id, from, participant, t, offline, type: "retry", recipient })
  return {
    tag: "receipt",
    attrs: Object.fromEntries(given.filter((entry): entry is [string, string] => entry[1] !== undefined)),
    content: [
      { tag: "retry", attrs: { id: id!, count: /^\d{1,3}$/.test(count ?? "") ? count! : "1" } },
      ...part("registration"),
      ...part("keys")
    ]
  }
}

/** The last look before Baileys gives a message out, whatever had led it to that. */
export const givenTo =
  (addresses: Addresses, sent: (waMessageId: string) => Promise<SentMessage | undefined>) =>
  async (waMessageId: string, asker: string | undefined): Promise<Uint8Array | undefined> => {
    const message = await sent(waMessageId)
    if (message === undefined) return undefined
    const isMeant = addresses.isSame(asker, addresses.of(message.to)) || addresses.isOwn(asker)
    return isMeant ? Effect.runPromise(message.bytes) : undefined
  }
