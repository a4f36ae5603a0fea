import type { BinaryNode } from "@whiskeysockets/baileys"
import type { Companion } from "./Companion.ts"
import type { Network } from "./Network.ts"
import type { Phone } from "./Phone.ts"

/** Hands a stanza to a device, now or when it comes back, and records when it went over the line. */
export const hand = (network: Network, account: Phone, companion: Companion, stanza: BinaryNode) => {
  if (companion.deliver(stanza)) observeHanded(network, account, companion, stanza)
}

/** Receipts and what a phone tells its own devices are no news to a judge. */
export const observeHanded = (
  { record }: Network,
  account: Phone,
  { device }: Companion,
  { attrs, tag }: BinaryNode,
  offline = false
) => {
  if (tag === "receipt" || attrs.category === "peer" || attrs.id === undefined) return
  const detail = offline ? `${tag} offline` : tag
  record.add("handed", { account: account.number, device, waMessageId: attrs.id, detail })
}
