import { createHash } from "node:crypto"
import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren, jidDecode } from "@whiskeysockets/baileys"
import { child, element, firstChild, unixSeconds } from "./BinaryNodes.ts"
import type { Companion } from "./Companion.ts"
import type { Connection } from "./Connection.ts"
import type { Network } from "./Network.ts"
import {
  keyElements,
  type PreKeyBundle,
  preKeyIdElement,
  readPreKey,
  readSignedPreKey,
  registrationElement,
  signedPreKeyElement,
  typeElement
} from "./PreKeyBundle.ts"

/** Queries about keys: how many one-time keys are left, new ones, a digest of them, and bundles of other devices. */
export const answerKeyQuery = async (network: Network, connection: Connection, query: BinaryNode) => {
  const companion = connection.login?.companion
  if (!companion) throw new Error("a client without a login asked about keys")
  const question = firstChild(query)
  switch (question?.tag) {
    case "count":
      return connection.reply(query, [element("count", { value: String(companion.preKeys.length) })])
    case "digest":
      return connection.reply(query, [digest(companion)])
    case "key":
      return connection.reply(query, [element("list", {}, await bundles(network, question))])
    case "rotate":
      companion.signedPreKey = readSignedPreKey(question)
      return connection.reply(query)
    default:
      if (getBinaryNodeChild(query, "list")) upload(companion, query)
      return connection.reply(query)
  }
}

const upload = (companion: Companion, query: BinaryNode) => {
  companion.preKeys.push(...getBinaryNodeChildren(child(query, "list"), "key").map(readPreKey))
  companion.signedPreKey = readSignedPreKey(query)
}

const digest = ({ keys, preKeys, signedPreKey }: Companion): BinaryNode =>
  element("digest", {}, [
    registrationElement(keys),
    typeElement(),
    element("identity", {}, keys.identity),
    signedPreKeyElement(signedPreKey),
    element("list", {}, preKeys.map(preKeyIdElement)),
    // The client only looks whether there is a digest; without one it would upload its keys again.
    element("hash", {}, createHash("sha1").digest())
  ])

const bundles = (network: Network, question: BinaryNode): Promise<Array<BinaryNode>> =>
  Promise.all(
    getBinaryNodeChildren(question, "user").map(async ({ attrs: { jid = "" } }) => {
      const bundle = await findBundle(network, jid)
      return bundle
        ? element("user", { jid, t: unixSeconds() }, [
            registrationElement(bundle),
            typeElement(),
            ...keyElements(bundle)
          ])
        : element("user", { jid }, [element("error", { code: "406", text: "not-acceptable" })])
    })
  )

const findBundle = async (network: Network, jid: string): Promise<PreKeyBundle | undefined> => {
  const phone = network.directory.find(jid)
  const device = jidDecode(jid)?.device ?? 0
  if (network.faults.keyless.includes(`${phone?.number}${device === 0 ? "" : `:${device}`}`)) return undefined
  if (device === 0) return phone?.signal.takeBundle()
  return phone?.linked.find((companion) => companion.device === device)?.takeBundle()
}
