import type { BinaryNode, WASocket } from "@whiskeysockets/baileys"
import type { Chat, Target } from "#domain/inbound/Heard.ts"
import { after } from "#domain/Timer.ts"
import { personAddress } from "./Addresses.ts"

export interface Reading {
  readonly chat: Chat
  readonly target: Target
}

export interface ReadReceipts {
  /** Whether WhatsApp was told. Never rejects. */
  readonly mark: (message: Reading) => Promise<boolean>
  /** The socket is gone. */
  readonly lost: () => void
}

const acks = "CB:ack,class:receipt"

/** A word on another kind of receipt for the same message says nothing of this one. */
const isOfReading = ({ attrs }: BinaryNode) => attrs.type === "read" || attrs.type === "read-self"

/**
 * Says over one socket what the account has read. What its sender hears of that is for the account's settings, which Baileys
 * asks for once. That it was written says little: the server's acknowledgement is waited for, or that the socket still stands
 * long after.
 */
export const make = (sock: WASocket, options: { readonly ackTimeoutMs: number }): ReadReceipts => {
  const waiting = new Map<string, Set<(isTold: boolean) => void>>()
  sock.ws.on(acks, (ack: BinaryNode) => {
    if (!isOfReading(ack)) return
    for (const end of [...(waiting.get(ack.attrs.id ?? "") ?? [])]) end(true)
  })

  return {
    mark: ({ chat, target: { sender, waMessageId } }) =>
      new Promise((resolve) => {
        const remoteJid = chat.kind === "person" ? personAddress(chat) : chat.address
        const isDirect = chat.kind === "person"
        const participant = isDirect || sender === undefined ? undefined : personAddress(sender)
        if (remoteJid === undefined || (!isDirect && participant === undefined)) return resolve(false)
        const ends = waiting.get(waMessageId) ?? new Set()
        waiting.set(waMessageId, ends)
        const end = (isTold: boolean) => {
          deadline.stop()
          ends.delete(end)
          if (ends.size === 0) waiting.delete(waMessageId)
          resolve(isTold)
        }
        ends.add(end)
        let isWritten = false
        const deadline = after(options.ackTimeoutMs, () => end(isWritten && sock.ws.isOpen))
        sock
          .readMessages([
            { remoteJid, id: waMessageId, fromMe: false, ...(participant !== undefined && { participant }) }
          ])
          .then(
            () => {
              isWritten = true
            },
            () => end(false)
          )
      }),

    lost: () => {
      for (const ends of [...waiting.values()]) for (const end of [...ends]) end(false)
    }
  }
}
