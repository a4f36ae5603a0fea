import { S_WHATSAPP_NET, type WASocket } from "@whiskeysockets/baileys"

/**
 * Asks WhatsApp to remove this device from its account, and waits for the answer: Baileys' own way does not, and would
 * take the device for unlinked when the line was cut before. Rejects when there is none.
 */
export const removeFromAccount = async (sock: WASocket): Promise<void> => {
  const jid = sock.user?.id
  if (jid === undefined) throw new Error("no account is known")
  await sock.query({
    tag: "iq",
    attrs: { to: S_WHATSAPP_NET, type: "set", id: sock.generateMessageTag(), xmlns: "md" },
    content: [{ tag: "remove-companion-device", attrs: { jid, reason: "user_initiated" } }]
  })
}
