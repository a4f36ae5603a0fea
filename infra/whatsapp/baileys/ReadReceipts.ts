import type { BinaryNode, WASocket } from "@whiskeysockets/baileys"
import type { Chat, Target } from "#domain/inbound/Heard.ts"
import { after } from "#domain/Timer.ts"
import { personAddress } from "./Addresses.ts"
import { encodePlainly, isMiswritten } from "./PlainNodes.ts"

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

  /** As Baileys' own, which makes of some ids what ends the connection: it would be asked for again in the next. */
  const say = async (words: { readonly id: string; readonly to: string; readonly participant?: string }) => {
    const { readreceipts } = await sock.fetchPrivacySettings()
    const type = readreceipts === "all" ? "read" : "read-self"
    const receipt = { tag: "receipt", attrs: { ...words, t: String(Math.floor(Date.now() / 1_000)), type } }
    await (isMiswritten(receipt) ? sock.sendRawMessage(encodePlainly(receipt)) : sock.sendNode(receipt))
  }

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
        say({ id: waMessageId, to: remoteJid, ...(participant !== undefined && { participant }) }).then(
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
