import { type BinaryNode, buildAckStanza, type WASocket } from "@whiskeysockets/baileys"

const receipts = "CB:receipt"

/**
 * Acknowledges in Baileys' place what asks for nothing. Baileys would tell its own listeners, of which there are none, each
 * receipt after the one before: that takes as long as all that we do with it. To be called before anybody else listens.
 */
export const answerPlainReceipts = (sock: Pick<WASocket, "sendNode" | "ws">): void => {
  const { ws } = sock
  const listeners = ws.listeners(receipts)
  ws.removeAllListeners(receipts)
  ws.on(receipts, (node: BinaryNode) => {
    if (node.attrs.type === "retry") for (const listener of listeners) listener(node)
    else sock.sendNode(buildAckStanza(node)).catch(() => {}) // it is said again
  })
}
