import { randomBytes } from "node:crypto"
import { element, unixSeconds } from "./BinaryNodes.ts"
import type { Network } from "./Network.ts"

export interface IncomingMessage {
  /** The contact's number. One that is not in the directory yet becomes a contact. */
  readonly from: string
  /** The account's number. */
  readonly to: string
  readonly text: string
  /** How the contact is addressed; today's WhatsApp says `lid`. */
  readonly addressing?: "lid" | "pn"
}

/** Sends a text from a contact to every linked device of an account. Resolves with its id; rejects without a device. */
export const sendIncoming = async (
  network: Network,
  { from, to, text, addressing = "lid" }: IncomingMessage
): Promise<string> => {
  const contact = network.directory.phone(from)
  const account = network.directory.phone(to)
  if (account.linked.length === 0) throw new Error("no device is linked to this account")
  const waMessageId = `3A${randomBytes(9).toString("hex").toUpperCase()}`
  const sender =
    addressing === "lid"
      ? { from: contact.lidJid, sender_pn: contact.jid, addressing_mode: "lid" }
      : { from: contact.jid, sender_lid: contact.lidJid }
  const attributes = { id: waMessageId, ...sender, type: "text", t: unixSeconds(), notify: contact.name }
  for (const companion of account.linked) {
    const deviceJid = account.deviceJid(companion.device)
    const enc = await contact.signal.encrypt(deviceJid, { conversation: text }, () => companion.takeBundle())
    companion.deliver(element("message", attributes, [enc]))
  }
  network.record.add("incoming", { waMessageId, account: to, contact: from, text })
  return waMessageId
}
