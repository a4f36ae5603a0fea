import type { BinaryNode, WASocket } from "@whiskeysockets/baileys"
import type { SentMessage, WordRefusal } from "#domain/ports/WhatsApp.ts"
import type { Addresses } from "./Addresses.ts"
import { type Ack, readAck } from "./ServerWords.ts"

const acks = "CB:ack,class:message"

/**
 * Hands on what the server answers to messages of ours. It answers in the name of whoever the message was for; anything
 * else is no answer to it, and Baileys does not see it: it would ask things about whomever it names.
 */
export const hearAcks = (
  { ws }: WASocket,
  options: {
    readonly addresses: Addresses
    /** Where a message went to lately. */
    readonly addressOf: (waMessageId: string) => string | undefined
    readonly sent: (waMessageId: string) => Promise<SentMessage | undefined>
    readonly take: (ack: Ack) => void
    readonly refuse: (reason: WordRefusal) => void
  }
): void => {
  const { addressOf, addresses, refuse, sent, take } = options
  const listeners = ws.listeners(acks)

  const hear = (node: BinaryNode, ack: Ack, address: string) => {
    if (addresses.isSame(ack.from, address)) {
      take(ack)
      for (const listener of listeners) listener(node)
      return
    }
    // in the name of one of our own devices it answers to the copy that this one had asked for: no word on the message
    if (!addresses.isOwn(ack.from)) refuse("foreign_ack")
  }
  const find = async (node: BinaryNode, ack: Ack) => {
    const message = await sent(ack.waMessageId)
    if (message !== undefined) hear(node, ack, addresses.of(message.to))
  }

  ws.removeAllListeners(acks)
  ws.on(acks, (node: BinaryNode) => {
    const ack = readAck(node)
    if (ack === undefined) return
    const address = addressOf(ack.waMessageId)
    if (address !== undefined) hear(node, ack, address)
    else find(node, ack).catch(() => {}) // the store is closed: a later try or receipt tells
  })
}
