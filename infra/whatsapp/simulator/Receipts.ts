import { element, unixSeconds } from "./BinaryNodes.ts"
import { sendIncoming } from "./Incoming.ts"
import type { Network } from "./Network.ts"
import { type Outgoing, observe } from "./Outgoing.ts"
import type { Phone } from "./Phone.ts"
import { keyElements, registrationElement, typeElement } from "./PreKeyBundle.ts"

const mostRetries = 5

/** What the contact reports of a message that reached it, one receipt after the other, and what it replies. */
export const reportDelivery = (network: Network, message: Outgoing, isFirstCopy: boolean) => {
  const { receipts, receiptDelayMs, reply } = network.faults
  receipts.forEach((kind, index) => {
    network.timers.after((index + 1) * receiptDelayMs, () => sendReceipt(network, message, kind))
  })
  const { account, contact } = message
  if (reply === null || !isFirstCopy || !contact) return
  network.timers.after(receipts.length * receiptDelayMs, () => {
    // The account may have been unlinked meanwhile; then there is nobody to reply to.
    sendIncoming(network, { from: contact.number, to: account.number, text: reply }).catch(() => undefined)
  })
}

/** Several receipts may share a stanza: it is under the first message's id and lists the others. */
const sendReceipt = (network: Network, message: Outgoing, kind: "delivery" | "read" | "played") => {
  const type = kind === "delivery" ? undefined : kind
  if (type) observe(network, message, type)
  const { companion, contact, to, waMessageId } = message
  const from = network.faults.receiptsFrom === "lid" ? contact?.lidJid : to
  const [id, ...others] = companion.gatherReceipt(`${from} ${kind}`, waMessageId, network.faults.receiptsTogether)
  if (id === undefined) return
  const items = others.map((other) => element("item", { id: other }))
  const list = items.length === 0 ? undefined : [element("list", {}, items)]
  companion.deliver(element("receipt", { id, from, type, t: unixSeconds() }, list))
}

/** The contact could not open the message and asks for it again, with new keys. A real one gives up after some tries. */
export const askForRetry = async (network: Network, message: Outgoing, contact: Phone) => {
  const { waMessageId, companion, to } = message
  const earlier = network.record.observations.filter(
    (seen) => seen.kind === "retry-asked" && seen.waMessageId === waMessageId
  ).length
  if (earlier >= mostRetries) return
  const bundle = await contact.signal.takeBundle()
  observe(network, message, "retry-asked")
  companion.deliver(
    element("receipt", { id: waMessageId, from: to, type: "retry", t: unixSeconds() }, [
      element("retry", { count: String(earlier + 1), id: waMessageId, t: unixSeconds(), v: "1" }),
      registrationElement(bundle),
      element("keys", {}, [typeElement(), ...keyElements(bundle)])
    ])
  )
}
