import type { BinaryNode } from "@whiskeysockets/baileys"
import { element, firstChild } from "./BinaryNodes.ts"
import type { Connection } from "./Connection.ts"
import { groupElement } from "./GroupChanges.ts"
import type { Network } from "./Network.ts"

/** What a group is, or which there are; of a group that the account is not in, nothing. */
export const answerGroupQuery = (network: Network, connection: Connection, query: BinaryNode) => {
  const account = connection.login?.phone.number ?? ""
  const { id, to = "" } = query.attrs
  if (firstChild(query)?.tag === "participating") {
    const groups = network.groups.of(account).map((group) => groupElement(network, group))
    return connection.reply(query, [element("groups", {}, groups)])
  }
  const group = network.groups.find(to)
  if (group?.members.has(account)) return connection.reply(query, [groupElement(network, group)])
  const error = group ? { code: "403", text: "forbidden" } : { code: "404", text: "item-not-found" }
  connection.send(element("iq", { from: to, type: "error", id }, [element("error", error)]))
}
