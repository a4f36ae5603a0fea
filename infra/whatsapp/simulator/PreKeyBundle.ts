import {
  type BinaryNode,
  encodeBigEndian,
  generateSignalPubKey,
  getBinaryNodeChild,
  KEY_BUNDLE_TYPE
} from "@whiskeysockets/baileys"
import { child, childBytes, element, unsigned } from "./BinaryNodes.ts"

export interface PreKey {
  readonly id: number
  readonly key: Uint8Array
}

export interface SignedPreKey extends PreKey {
  readonly signature: Uint8Array
}

/** What anyone needs to start a Signal session with a device; the one-time key may have run out. */
export interface PreKeyBundle {
  readonly registrationId: number
  readonly identity: Uint8Array
  readonly signedPreKey: SignedPreKey
  readonly preKey: PreKey | undefined
}

const idLength = 3

const preKeyElements = ({ id, key }: PreKey): Array<BinaryNode> => [
  element("id", {}, encodeBigEndian(id, idLength)),
  element("value", {}, key)
]

export const signedPreKeyElement = (signed: SignedPreKey): BinaryNode =>
  element("skey", {}, [...preKeyElements(signed), element("signature", {}, signed.signature)])

export const preKeyIdElement = ({ id }: PreKey): BinaryNode => element("id", {}, encodeBigEndian(id, idLength))

export const readPreKey = (node: BinaryNode): PreKey => ({
  id: unsigned(childBytes(node, "id")),
  key: childBytes(node, "value")
})

export const readSignedPreKey = (parent: BinaryNode): SignedPreKey => {
  const node = child(parent, "skey")
  return { ...readPreKey(node), signature: childBytes(node, "signature") }
}

export const registrationElement = (bundle: { readonly registrationId: number }): BinaryNode =>
  element("registration", {}, encodeBigEndian(bundle.registrationId))

export const typeElement = (): BinaryNode => element("type", {}, KEY_BUNDLE_TYPE)

export const keyElements = (bundle: PreKeyBundle): Array<BinaryNode> => [
  element("identity", {}, bundle.identity),
  signedPreKeyElement(bundle.signedPreKey),
  ...(bundle.preKey ? [element("key", {}, preKeyElements(bundle.preKey))] : [])
]

/** The bundle that a client encloses when it asks for a message again; at its first try it may enclose none. */
export const readEnclosedBundle = (receipt: BinaryNode): PreKeyBundle | undefined => {
  const keys = getBinaryNodeChild(receipt, "keys")
  if (!keys) return undefined
  const preKey = getBinaryNodeChild(keys, "key")
  return {
    registrationId: unsigned(childBytes(receipt, "registration")),
    identity: childBytes(keys, "identity"),
    signedPreKey: readSignedPreKey(keys),
    preKey: preKey && readPreKey(preKey)
  }
}

/** The same bundle in the shape that Baileys' Signal repository starts a session from. */
export const toSession = (bundle: PreKeyBundle) => ({
  registrationId: bundle.registrationId,
  identityKey: generateSignalPubKey(bundle.identity),
  signedPreKey: {
    keyId: bundle.signedPreKey.id,
    publicKey: generateSignalPubKey(bundle.signedPreKey.key),
    signature: bundle.signedPreKey.signature
  },
  ...(bundle.preKey && {
    preKey: { keyId: bundle.preKey.id, publicKey: generateSignalPubKey(bundle.preKey.key) }
  })
})
