import {
  type BinaryNode,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  getBinaryNodeChildString,
  jidDecode
} from "@whiskeysockets/baileys"
import { child, element } from "./BinaryNodes.ts"
import type { Connection } from "./Connection.ts"
import type { Network } from "./Network.ts"
import type { Phone } from "./Phone.ts"

const devices = (phone: Phone): BinaryNode =>
  element("devices", {}, [
    element("device-list", { hash: "2:simulator" }, [
      element("device", { id: "0" }),
      ...phone.linked.map(({ device }) => element("device", { id: String(device), "key-index": String(device) }))
    ])
  ])

/** What is known of one user; with a fault of the directory, the bare name. */
const answerOne = (network: Network, user: BinaryNode, protocols: ReadonlyArray<string>): BinaryNode => {
  const asked = getBinaryNodeChild(user, "contact") && getBinaryNodeChildString(user, "contact")
  const jid = user.attrs.jid ?? `${asked?.replace(/^\+/, "")}@s.whatsapp.net`
  const fault = network.faults.usync
  const phone = fault === "nobody" ? undefined : network.directory.lookUp(jid)
  if (fault !== "normal" && fault !== "nobody") return element("user", { jid })
  const answers: Array<BinaryNode> = []
  for (const protocol of protocols) {
    if (protocol === "contact") {
      if (phone === undefined) network.record.add("absent", { contact: jidDecode(jid)?.user ?? "" })
      answers.push(element("contact", { type: phone ? "in" : "out" }))
    }
    if (phone && protocol === "devices") answers.push(devices(phone))
    if (phone && protocol === "lid") answers.push(element("lid", { val: phone.lidJid }))
  }
  return element("user", { jid }, answers)
}

/** Who is on WhatsApp, under which LID and with which devices. */
export const answerUsync = (network: Network, connection: Connection, query: BinaryNode) => {
  const usync = child(query, "usync")
  const asked = child(usync, "query").content
  const protocols = Array.isArray(asked) ? asked.map(({ tag }) => tag) : []
  const users = getBinaryNodeChildren(child(usync, "list"), "user")
  const { sid, mode, context } = usync.attrs
  network.record.add("directory-asked", { detail: String(users.length) })
  const fault = network.faults.usync
  const trouble = fault === "error" ? [element("error", { code: "429", text: "rate-overlimit" })] : undefined
  connection.reply(query, [
    element("usync", { sid, index: "0", last: "true", mode, context }, [
      element(
        "result",
        {},
        protocols.map((protocol) => element(protocol, {}, trouble))
      ),
      element("list", {}, fault === "empty" ? [] : users.map((user) => answerOne(network, user, protocols)))
    ])
  ])
}
