import type { BinaryNode } from "@whiskeysockets/baileys"
import { element, present, unixSeconds } from "./BinaryNodes.ts"
import type { Connection } from "./Connection.ts"
import { type Delivery, deliver } from "./Delivery.ts"
import { faultsFor, takeOne } from "./Faults.ts"
import type { Network } from "./Network.ts"
import { type Outgoing, observe } from "./Outgoing.ts"
import { missedHash } from "./ParticipantHash.ts"
import { askForRetry, reportDelivery } from "./Receipts.ts"

/** Takes a message from a client: delivers it, answers with an ack, then reports and replies for the contact. */
export const receiveMessage = async (network: Network, connection: Connection, stanza: BinaryNode) => {
  const { phone: account, companion } = present(connection.login, "its login")
  const waMessageId = present(stanza.attrs.id, "the message's id")
  const to = present(stanza.attrs.to, "the message's recipient")
  const contact = network.directory.find(to)
  const message: Outgoing = { connection, stanza, waMessageId, to, account, companion, contact }
  const faults = faultsFor(network.faults, contact?.number)
  observe(network, message, "message")

  if (takeOne(faults, "dropsBeforeDelivery")) return drop(network, message, "before-delivery")
  const { ack } = faults
  if (typeof ack === "object" && "error" in ack) return acknowledge(network, message, String(ack.error))

  const delivery = faults.deliver ? await deliver(network, message, faults) : "nobody"
  if (takeOne(faults, "dropsAfterDelivery")) {
    drop(network, message, "after-delivery")
    return report(network, message, delivery)
  }
  // Only this message's ack and receipts wait; the client's other messages are served meanwhile.
  network.timers.after(typeof ack === "object" ? ack.lateMs : 0, () => {
    if (ack !== "never") acknowledge(network, message)
    report(network, message, delivery)
  })
}

const drop = (network: Network, message: Outgoing, detail: "before-delivery" | "after-delivery") => {
  observe(network, message, "dropped", { detail })
  message.connection.drop()
}

const acknowledge = (network: Network, message: Outgoing, error?: string) => {
  const { connection, waMessageId, to } = message
  const phash = error === undefined ? missedHash(network, message) : undefined
  const attributes = { class: "message", id: waMessageId, from: to, t: unixSeconds(), error, phash }
  const sent = connection.send(element("ack", attributes))
  if (!sent) return
  if (error === undefined) observe(network, message, "acked")
  else observe(network, message, "refused", { detail: error })
}

const report = (network: Network, message: Outgoing, delivery: Delivery) => {
  if (!message.contact || delivery === "nobody") return
  if (delivery === "unreadable") void askForRetry(network, message, message.contact)
  else reportDelivery(network, message, delivery === "first")
}
