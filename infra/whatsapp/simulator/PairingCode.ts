import { randomBytes } from "node:crypto"
import {
  aesDecryptCTR,
  aesDecryptGCM,
  aesEncryptCTR,
  type BinaryNode,
  Curve,
  derivePairingCodeKey,
  hkdf,
  jidDecode,
  S_WHATSAPP_NET
} from "@whiskeysockets/baileys"
import { childBytes, element, present, unixSeconds } from "./BinaryNodes.ts"
import type { Connection } from "./Connection.ts"
import type { Network } from "./Network.ts"
import { link } from "./Pairing.ts"

const requestTimeoutMs = 5_000
const saltBytes = 32
const wrappedIvBytes = 16
const bundleIvBytes = 12
const keyBytes = 32

/** A client's part of pairing by code: its request at first, and its answer to the phone's key at last. */
export const handleLinkCode = (network: Network, connection: Connection, query: BinaryNode, step: BinaryNode) => {
  if (step.attrs.stage === "companion_hello") {
    const registration = present(network.pairing.registrationOf(connection), "its registration")
    const number = present(jidDecode(step.attrs.jid)?.user, "its number")
    const wrappedEphemeral = childBytes(step, "link_code_pairing_wrapped_companion_ephemeral_pub")
    const ref = randomBytes(16)
    network.pairing.ask(number, { registration, ref, wrappedEphemeral, answer: undefined })
    return connection.reply(query, [
      element("link_code_companion_reg", { stage: "companion_hello" }, [element("link_code_pairing_ref", {}, ref)])
    ])
  }
  connection.reply(query)
  network.pairing.requestOf(connection)?.answer?.resolve({
    bundle: childBytes(step, "link_code_pairing_wrapped_key_bundle"),
    identity: childBytes(step, "companion_identity_public")
  })
}

const unwrapEphemeral = async (wrapped: Buffer, code: string) => {
  const salt = wrapped.subarray(0, saltBytes)
  const iv = wrapped.subarray(saltBytes, saltBytes + wrappedIvBytes)
  const sealed = wrapped.subarray(saltBytes + wrappedIvBytes, saltBytes + wrappedIvBytes + keyBytes)
  return aesDecryptCTR(sealed, await derivePairingCodeKey(code, salt), iv)
}

const wrapEphemeral = async (key: Uint8Array, code: string) => {
  const salt = randomBytes(saltBytes)
  const iv = randomBytes(wrappedIvBytes)
  return Buffer.concat([salt, iv, aesEncryptCTR(key, await derivePairingCodeKey(code, salt), iv)])
}

const openBundle = (bundle: Buffer, shared: Uint8Array): Buffer => {
  const salt = bundle.subarray(0, saltBytes)
  const iv = bundle.subarray(saltBytes, saltBytes + bundleIvBytes)
  const key = hkdf(shared, keyBytes, { salt, info: "link_code_pairing_key_bundle_encryption_key" })
  try {
    return aesDecryptGCM(bundle.subarray(saltBytes + bundleIvBytes), key, iv, Buffer.alloc(0))
  } catch {
    throw new Error("wrong pairing code")
  }
}

/**
 * What happens when the code that a client shows is typed into the phone with this number. Resolves with the
 * companion's address. Rejects on a wrong code, and when no client asks for a code within 5 s.
 */
export const enterCode = async (network: Network, number: string, code: string): Promise<string> => {
  const request = await network.pairing.byNumber(number, requestTimeoutMs)
  const { connection } = request.registration
  const { identity } = network.directory.phone(number).signal
  const companionEphemeral = await unwrapEphemeral(request.wrappedEphemeral, code)
  const ephemeral = Curve.generateKeyPair()
  const wrapped = await wrapEphemeral(ephemeral.public, code)
  request.answer = Promise.withResolvers()
  connection.send(
    element(
      "notification",
      { id: connection.nextId(), from: S_WHATSAPP_NET, type: "link_code_companion_reg", t: unixSeconds() },
      [
        element("link_code_companion_reg", { stage: "primary_hello" }, [
          element("link_code_pairing_wrapped_primary_ephemeral_pub", {}, wrapped),
          element("primary_identity_pub", {}, identity.public),
          element("link_code_pairing_ref", {}, request.ref)
        ])
      ]
    )
  )
  const answer = await request.answer.promise
  const ephemeralSecret = Curve.sharedKey(ephemeral.private, companionEphemeral)
  // The bundle holds the companion's identity, the phone's identity and the companion's random part, 32 bytes each.
  const bundle = openBundle(answer.bundle, ephemeralSecret)
  if (!bundle.subarray(0, keyBytes).equals(answer.identity)) throw new Error("the client's identity does not match")
  const identitySecret = Curve.sharedKey(identity.private, answer.identity)
  const secrets = Buffer.concat([ephemeralSecret, identitySecret, bundle.subarray(2 * keyBytes, 3 * keyBytes)])
  return link(network, request.registration, number, hkdf(secrets, keyBytes, { info: "adv_secret" }))
}
