import { type BinaryNode, buildAckStanza, type WASocket } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import type { Instant } from "#domain/Instant.ts"
import type { SentMessage, WordRefusal } from "#domain/ports/WhatsApp.ts"
import type { Addresses } from "./Addresses.ts"
import { wish } from "./Retries.ts"
import { type Receipt, readReceipt } from "./ServerWords.ts"
import { isFrom } from "./Speakers.ts"

export interface Word {
  readonly waMessageId: string
  readonly kind: NonNullable<Receipt["kind"]>
  readonly at: Instant
}

/**
 * Hands on what receipts say, if it is said by whom it has to be said. Whoever listened before acknowledges a receipt at once,
 * and WhatsApp never says it again after that. So they see each one only when all that it says has been taken; and nothing
 * that asks for a message it must not have, for Baileys gives to whoever asks.
 */
export const hearReceipts = (
  sock: WASocket,
  options: {
    readonly addresses: Addresses
    /** Where a message went to lately. */
    readonly addressOf: (waMessageId: string) => string | undefined
    readonly sent: (waMessageId: string) => Promise<SentMessage | undefined>
    readonly take: (word: Word) => Promise<void>
    readonly refuse: (reason: WordRefusal) => void
  }
): void => {
  const { addresses, addressOf, refuse, sent, take } = options
  const { ws } = sock
  const listeners = ws.listeners("CB:receipt")

  /** Where a message went to, if it is one of ours; not what the account's phone has sent, say. */
  const whither = async (waMessageId: string): Promise<string | undefined> => {
    const known = addressOf(waMessageId)
    if (known !== undefined) return known
    const message = await sent(waMessageId)
    return message && addresses.of(message.to)
  }

  /** The address of the message, if the receipt may speak of it. What it says has been taken then. */
  const hear = async (receipt: Receipt, waMessageId: string): Promise<string | undefined> => {
    const { asksAgain, at, kind } = receipt
    const address = kind && (await whither(waMessageId))
    if (kind === undefined || address === undefined) return undefined
    if (isFrom(addresses, receipt, address)) {
      await take({ waMessageId, kind, at })
      return address
    }
    refuse(asksAgain ? "foreign_retry" : "foreign_receipt")
    return undefined
  }

  /** What Baileys is to answer a receipt that asks for a message: no more than what was looked at here. */
  const asked = async (node: BinaryNode, receipt: Receipt): Promise<BinaryNode | undefined> => {
    const [waMessageId = ""] = receipt.waMessageIds
    const message = await sent(waMessageId) // as it was before the wish itself is taken for a word on it
    const isGivenUp = message?.isGivenUp === true && isFrom(addresses, receipt, addresses.of(message.to))
    const address = isGivenUp ? undefined : await hear(receipt, waMessageId)
    if (isGivenUp) refuse("late_retry")
    if (address === undefined) return undefined
    const bytes = message?.bytes
    if (bytes !== undefined && (await Effect.runPromise(bytes)) !== undefined) return wish(node, addresses, address)
    refuse("late_retry")
    return undefined
  }

  const said = async (node: BinaryNode, receipt: Receipt): Promise<BinaryNode | undefined> => {
    const heard = await Promise.all(receipt.waMessageIds.map((id) => hear(receipt, id)))
    return receipt.kind === undefined || heard.every((address) => address !== undefined) ? node : undefined
  }

  const answer = async (node: BinaryNode) => {
    const receipt = readReceipt(node, Date.now())
    const handedOn = await (receipt.asksAgain ? asked(node, receipt) : said(node, receipt))
    if (!ws.isOpen) return
    if (handedOn === undefined || receipt.from === undefined) await sock.sendNode(buildAckStanza(node))
    else for (const listener of listeners) listener(handedOn)
  }

  ws.removeAllListeners("CB:receipt")
  ws.on("CB:receipt", (node: BinaryNode) => void answer(node).catch(() => {})) // unanswered, it is said again
}
