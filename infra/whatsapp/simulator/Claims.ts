import { randomBytes } from "node:crypto"
import { element, unixSeconds } from "./BinaryNodes.ts"
import type { Network } from "./Network.ts"
import { keyElements, registrationElement, typeElement } from "./PreKeyBundle.ts"

/** Said of one of an account's messages, whoever says it and whether or not it is so. Addresses are written out. */
export interface Claim {
  /** The account's number. */
  readonly to: string
  readonly waMessageId: string
  readonly from?: string
}

export interface ReceiptClaim extends Claim {
  /** Any type; a `retry` encloses the keys of whoever asks. */
  readonly type?: string
  readonly participant?: string
  readonly recipient?: string
  readonly sender_pn?: string
  /** Another message that a `retry` names where Baileys looks for more. */
  readonly alsoAsks?: string
}

export interface AckClaim extends Claim {
  readonly error?: string
  readonly phash?: string
}

const companionsOf = ({ directory }: Network, number: string) => directory.phone(number).linked

export const claimReceipt = async (network: Network, claim: ReceiptClaim) => {
  const { to, waMessageId: id, alsoAsks: _, ...attributes } = claim
  const content = claim.type === "retry" ? await wish(network, claim) : undefined
  for (const companion of companionsOf(network, to)) {
    companion.deliver(element("receipt", { id, ...attributes, t: unixSeconds() }, content))
  }
}

const wish = async (network: Network, { alsoAsks, from = "", participant, waMessageId }: ReceiptClaim) => {
  const bundle = await network.directory.find(participant ?? from)?.signal.takeBundle()
  const keys = bundle && [registrationElement(bundle), element("keys", {}, [typeElement(), ...keyElements(bundle)])]
  const more = alsoAsks === undefined ? undefined : [element("item", { id: alsoAsks })]
  return [element("retry", { count: "1", id: waMessageId, t: unixSeconds(), v: "1" }, more), ...(keys ?? [])]
}

export const claimAck = (network: Network, { to, waMessageId: id, ...attributes }: AckClaim) => {
  for (const { line } of companionsOf(network, to)) {
    line?.send(element("ack", { class: "message", id, ...attributes, t: unixSeconds() }))
  }
}

/** Tells an account of a number's devices: of somebody else's, or of its own. */
export const claimDevices = (network: Network, { of, to }: { readonly of: string; readonly to: string }) => {
  const phone = network.directory.phone(of)
  const devices = phone.linked.map(({ device }) => element("device", { jid: phone.deviceLidJid(device) }))
  const [type, tag, from] = of === to ? ["account_sync", "devices", phone.jid] : ["devices", "add", phone.lidJid]
  for (const companion of companionsOf(network, to)) {
    const id = randomBytes(4).toString("hex")
    companion.deliver(element("notification", { id, from, type, t: unixSeconds() }, [element(tag, {}, devices)]))
  }
}
