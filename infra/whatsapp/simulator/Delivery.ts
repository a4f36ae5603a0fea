import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren, jidDecode } from "@whiskeysockets/baileys"
import { element, unixSeconds } from "./BinaryNodes.ts"
import { jsonOf, quotesOf, textOf } from "./content/Context.ts"
import { type Faults, takeOne } from "./Faults.ts"
import type { Network } from "./Network.ts"
import { type Outgoing, observe } from "./Outgoing.ts"
import type { Phone } from "./Phone.ts"

/** `first`: the contact has a new message; `again`: one that it had; `unreadable`: it cannot open it. */
export type Delivery = "first" | "again" | "unreadable" | "nobody"

interface Sealed {
  readonly jid: string
  readonly enc: BinaryNode
}

/** Hands a message to every device it was encrypted for; tells what the contact itself made of it. */
export const deliver = async (network: Network, message: Outgoing, faults: Faults): Promise<Delivery> => {
  let delivery: Delivery = "nobody"
  for (const sealed of recipients(message)) {
    const phone = network.directory.find(sealed.jid)
    if (!phone) continue
    if ((jidDecode(sealed.jid)?.device ?? 0) > 0) forward(phone, message, sealed)
    else if (phone === message.contact) delivery = await deliverToContact(network, message, phone, sealed, faults)
    else if (phone === message.account) await deliverToOwnPhone(message, sealed)
  }
  return delivery
}

const recipients = ({ stanza, to }: Outgoing): ReadonlyArray<Sealed> => {
  const direct = getBinaryNodeChild(stanza, "enc")
  if (direct) return [{ jid: to, enc: direct }]
  return getBinaryNodeChildren(getBinaryNodeChild(stanza, "participants"), "to").flatMap((recipient) => {
    const enc = getBinaryNodeChild(recipient, "enc")
    return enc && recipient.attrs.jid ? [{ jid: recipient.attrs.jid, enc }] : []
  })
}

/** To a linked device: the server routes ciphertext, it opens nothing. */
const forward = (phone: Phone, { account, companion, stanza, waMessageId, to }: Outgoing, sealed: Sealed) => {
  const target = phone.linked.find(({ device }) => device === jidDecode(sealed.jid)?.device)
  const identity = getBinaryNodeChild(stanza, "device-identity")
  const attributes = {
    id: waMessageId,
    from: account.deviceJid(companion.device),
    type: stanza.attrs.type ?? "text",
    t: unixSeconds(),
    notify: account.name,
    ...(phone === account ? { recipient: to } : { sender_lid: account.lidJid })
  }
  target?.deliver(element("message", attributes, identity ? [sealed.enc, identity] : [sealed.enc]))
}

const deliverToContact = async (
  network: Network,
  message: Outgoing,
  contact: Phone,
  { enc }: Sealed,
  faults: Faults
): Promise<Delivery> => {
  const { waMessageId, account, companion } = message
  try {
    const decrypted = await contact.signal.decrypt(account.deviceJid(companion.device), enc)
    if (takeOne(faults, "retryReceipts")) throw new Error("the contact is told not to understand")
    const content = decrypted.deviceSentMessage?.message ?? decrypted
    const text = textOf(content)
    const copies = contact.receive({ waMessageId, from: account.number, text, content })
    observe(network, message, "delivered", {
      copies,
      ...quotesOf(content),
      ...(text === undefined ? { content: jsonOf(content) } : { text })
    })
    return copies === 1 ? "first" : "again"
  } catch {
    observe(network, message, "unreadable")
    // A phone that has the message already does not ask for it again.
    return contact.received(waMessageId) ? "again" : "unreadable"
  }
}

/** The account's own phone keeps its sessions going; whether it shows the copy is nobody's question. */
const deliverToOwnPhone = ({ account, companion }: Outgoing, { enc }: Sealed) =>
  account.signal.decrypt(account.deviceJid(companion.device), enc).catch(() => undefined)
