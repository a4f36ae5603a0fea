import { createHash } from "node:crypto"
import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren, jidDecode } from "@whiskeysockets/baileys"
import type { Network } from "./Network.ts"
import type { Outgoing } from "./Outgoing.ts"
import type { Phone } from "./Phone.ts"

const devicesOf = (phone: Phone) => [0, ...phone.linked.map(({ device }) => device)]
const nameOf = (phone: Phone, device: number) => `${phone.number}.0:${device}@s.whatsapp.net`

/** The devices that a message is encrypted for. */
const addressed = (network: Network, stanza: BinaryNode): ReadonlyArray<string> =>
  getBinaryNodeChildren(getBinaryNodeChild(stanza, "participants"), "to").flatMap(({ attrs: { jid = "" } }) => {
    const phone = network.directory.find(jid)
    return phone ? [nameOf(phone, jidDecode(jid)?.device ?? 0)] : []
  })

/**
 * The hash of the devices that a message should have gone to: both people's, but for the one that sends it. `undefined`
 * when it did go to them, and when it was for one device alone.
 */
export const missedHash = (network: Network, message: Outgoing): string | undefined => {
  const { account, companion, contact, stanza } = message
  if (getBinaryNodeChild(stanza, "participants") === undefined || !contact) return undefined
  const all = new Set([account, contact].flatMap((phone) => devicesOf(phone).map((device) => nameOf(phone, device))))
  const sender = nameOf(account, companion.device)
  const missed = all.difference(new Set([...addressed(network, stanza), sender]))
  if (missed.size === 0) return undefined
  const digest = createHash("sha256")
    .update([...all].toSorted().join(""))
    .digest()
    .subarray(0, 6)
  return `2:${digest.toString("base64").replace(/=+$/, "")}`
}
