import { type BinaryNode, getBinaryNodeChildren, S_WHATSAPP_NET } from "@whiskeysockets/baileys"
import { element, firstChild } from "./BinaryNodes.ts"
import type { Connection } from "./Connection.ts"
import { answerGroupQuery } from "./GroupQueries.ts"
import { goOnline } from "./Login.ts"
import type { Network } from "./Network.ts"
import { handleLinkCode } from "./PairingCode.ts"
import { answerKeyQuery } from "./PreKeys.ts"
import { unlink } from "./Unlink.ts"
import { answerUsync } from "./Usync.ts"

type Answer = (network: Network, connection: Connection, query: BinaryNode) => void | Promise<void>

const privacySettings = ["last", "online", "profile", "status", "groupadd", "readreceipts", "calladd", "messages"]

const answerMultiDevice: Answer = (network, connection, query) => {
  const step = firstChild(query)
  if (step?.tag === "link_code_companion_reg") return handleLinkCode(network, connection, query, step)
  connection.reply(query)
  if (step?.tag === "remove-companion-device" && connection.login) {
    unlink(network, connection.login.phone, connection.login.companion)
  }
}

const answerPassive: Answer = async (network, connection, query) => {
  connection.reply(query)
  if (firstChild(query)?.tag === "active") await goOnline(network, connection)
}

const answerAppState: Answer = (_network, connection, query) => {
  // A client asks for its settings as soon as it has taken in the history, and not before.
  if (connection.login) connection.login.companion.hasHistory = true
  const collections = getBinaryNodeChildren(firstChild(query), "collection").map(({ attrs: { name, version = "0" } }) =>
    element("collection", { name, version, has_more_patches: "false" })
  )
  connection.reply(query, [element("sync", {}, collections)])
}

const answerPrivacy: Answer = (network, connection, query) => {
  if (firstChild(query)?.tag === "tokens") {
    network.record.add("token-given")
    return connection.reply(query, [element("tokens", {}, [])])
  }
  const categories = privacySettings.map((name) => element("category", { name, value: "all" }))
  connection.reply(query, [element("privacy", {}, categories)])
}

const refusal =
  (code: number, text: string): Answer =>
  (_network, connection, query) => {
    const { id, target = S_WHATSAPP_NET } = query.attrs
    connection.send(element("iq", { from: target, type: "error", id }, [element("error", { code: `${code}`, text })]))
  }

const always =
  (...content: Array<BinaryNode>): Answer =>
  (_network, connection, query) =>
    connection.reply(query, content)

const answers = new Map<string, Answer>([
  ["abt", always(element("props", { protocol: "1", ab_key: "simulator", hash: "simulator", refresh: "86400" }, []))],
  ["blocklist", always(element("list", { dhash: "0" }, []))],
  ["encrypt", answerKeyQuery],
  ["md", answerMultiDevice],
  ["passive", answerPassive],
  ["privacy", answerPrivacy],
  ["usync", answerUsync],
  ["w:g2", answerGroupQuery],
  ["w:profile:picture", refusal(404, "item-not-found")],
  ["w:sync:app:state", answerAppState]
])

/** Answers a client's query. One in a namespace that nobody here knows gets an empty result, as pings do. */
export const answerQuery: Answer = (network, connection, query) => {
  const { xmlns = "" } = query.attrs
  const { mutedQueries, queryError } = network.faults
  if (mutedQueries.includes(xmlns)) return network.record.add("muted", { detail: xmlns })
  if (queryError?.namespace === xmlns) return refusal(queryError.code, "simulated")(network, connection, query)
  return (answers.get(xmlns) ?? always())(network, connection, query)
}
