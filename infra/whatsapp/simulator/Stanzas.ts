import { type BinaryNode, getAllBinaryNodeChildren, getBinaryNodeChild } from "@whiskeysockets/baileys"
import { element, unixSeconds } from "./BinaryNodes.ts"
import type { Connection } from "./Connection.ts"
import { resend } from "./Incoming.ts"
import { receiveMessage } from "./Messages.ts"
import type { Network } from "./Network.ts"
import { answerQuery } from "./Queries.ts"

/** Routes what a client says; presence and other announcements need no answer. */
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
  }
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
  const { id, to, type } = stanza.attrs
  connection.send(element("ack", { class: "receipt", id, from: to, type, t: unixSeconds() }))
  if (!connection.login) return
  const { companion, phone } = connection.login
  const list = getBinaryNodeChild(stanza, "list")
  const more = list ? getAllBinaryNodeChildren(list).map(({ attrs }) => attrs.id) : []
  for (const waMessageId of [id, ...more]) {
    companion.acknowledge("message", waMessageId)
    if (waMessageId === undefined) continue
    const facts = { account: phone.number, device: companion.device, waMessageId, detail: type ?? "delivery" }
    network.record.add("client-receipt", facts)
  }
  if (type === "retry") await resend(network, phone, companion, stanza)
}
