import { type BinaryNode, getAllBinaryNodeChildren, getBinaryNodeChild } from "@whiskeysockets/baileys"
import { element, firstChild, unixSeconds } from "./BinaryNodes.ts"
import type { Connection } from "./Connection.ts"
import { resend } from "./Incoming.ts"
import { receiveMessage } from "./Messages.ts"
import type { Network } from "./Network.ts"
import { answerQuery } from "./Queries.ts"

/** Routes what a client says; other announcements need no answer. */
export const receiveStanza = (network: Network, connection: Connection, stanza: BinaryNode) => {
  switch (stanza.tag) {
    case "iq":
      return answerQuery(network, connection, stanza)
    case "message":
      return receiveMessage(network, connection, stanza)
    case "receipt":
      return receiveReceipt(network, connection, stanza)
    case "ack":
      return receiveAck(network, connection, stanza)
    case "presence":
    case "chatstate":
      return receivePresence(network, connection, stanza)
  }
}

/** What a client shows of itself: that it is there, or to somebody that it writes. */
const receivePresence = (network: Network, { login }: Connection, stanza: BinaryNode) => {
  if (!login) return
  const { to, type } = stanza.attrs
  const contact = to === undefined ? undefined : network.directory.find(to)
  if (contact && type === "subscribe") login.companion.watched.add(contact.number)
  network.record.add("presence", {
    account: login.phone.number,
    device: login.companion.device,
    ...(contact && { contact: contact.number }),
    detail: type ?? firstChild(stanza)?.tag ?? ""
  })
}

const receiveAck = (network: Network, { login }: Connection, { attrs }: BinaryNode) => {
  const { class: tag = "", error, id, type } = attrs
  if (!login) return
  if (tag === "message" && error !== undefined) login.companion.refuse(id)
  else login.companion.acknowledge(tag, id, type)
  const about = id === undefined ? {} : { waMessageId: id }
  const detail = tag === "receipt" ? (type ?? "delivery") : [tag, error].join(" ").trim()
  network.record.add("client-ack", { account: login.phone.number, device: login.companion.device, ...about, detail })
}

const receiveReceipt = async (network: Network, connection: Connection, stanza: BinaryNode) => {
  const { id, participant, to, type } = stanza.attrs
  const isMuted = (type === "read" || type === "read-self") && !network.faults.acknowledgesReading
  if (!isMuted) connection.send(element("ack", { class: "receipt", id, from: to, participant, type, t: unixSeconds() }))
  if (!connection.login) return
  const { companion, phone } = connection.login
  const list = getBinaryNodeChild(stanza, "list")
  const more = list ? getAllBinaryNodeChildren(list).map(({ attrs }) => attrs.id) : []
  for (const waMessageId of [id, ...more]) {
    companion.acknowledge("message", waMessageId)
    if (waMessageId === undefined) continue
    const about = { account: phone.number, device: companion.device, waMessageId, detail: type ?? "delivery" }
    const contact = network.directory.find(participant ?? to ?? "")
    const facts = { ...about, ...(contact && { contact: contact.number }) }
    network.record.add("client-receipt", facts)
  }
  if (type === "retry") await resend(network, phone, companion, stanza)
}
