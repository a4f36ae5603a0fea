import type { BinaryNode, WASocket } from "@whiskeysockets/baileys"
import { type Receipt, readReceipts } from "./ServerWords.ts"

/**
 * Hands on what receipts say. Baileys acknowledges a receipt as soon as it has handled it, and WhatsApp never says it
 * again after that. So Baileys sees each one only when all that it says has been taken.
 */
export const hearReceipts = ({ ws }: WASocket, take: (receipt: Receipt) => Promise<void>): void => {
  const listeners = ws.listeners("CB:receipt")
  ws.removeAllListeners("CB:receipt")
  ws.on("CB:receipt", async (node: BinaryNode) => {
    await Promise.all(readReceipts(node, Date.now()).map(take))
    if (ws.isOpen) for (const acknowledge of listeners) acknowledge(node)
  })
}
