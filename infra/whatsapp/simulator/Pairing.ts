import { randomBytes } from "node:crypto"
import { Curve, hmacSign, proto, WA_ADV_ACCOUNT_SIG_PREFIX, WA_ADV_DEVICE_SIG_PREFIX } from "@whiskeysockets/baileys"
import { child, childBytes, element, present, unixSeconds, unsigned } from "./BinaryNodes.ts"
import type { CompanionKeys } from "./Companion.ts"
import type { Connection } from "./Connection.ts"
import type { Network } from "./Network.ts"
import type { NoiseSession } from "./NoiseResponder.ts"
import type { Registration } from "./PairingDesk.ts"
import type { Phone } from "./Phone.ts"

const refsPerClient = 6
const restartRequired = 515

const readKeys = (session: NoiseSession): CompanionKeys => {
  const data = present(session.payload.devicePairingData, "its pairing data")
  return {
    noise: session.clientKey,
    identity: Buffer.from(present(data.eIdent, "its identity key")),
    registrationId: unsigned(present(data.eRegid, "its registration id")),
    signedPreKey: {
      id: unsigned(present(data.eSkeyId, "its signed pre-key's id")),
      key: present(data.eSkeyVal, "its signed pre-key"),
      signature: present(data.eSkeySig, "its signed pre-key's signature")
    }
  }
}

/** A client without an account has connected: hands it the references from which it makes QR codes. */
export const offerRefs = (network: Network, connection: Connection, session: NoiseSession) => {
  const registration: Registration = { connection, keys: readKeys(session) }
  const refs = Array.from({ length: refsPerClient }, () => `2@${randomBytes(24).toString("base64")}`)
  for (const ref of refs) network.pairing.offer(ref, registration)
  const elements = refs.map((ref) => element("ref", {}, Buffer.from(ref)))
  // Nobody waits for the answer, and a client that leaves without one has just closed its QR code.
  connection.query("md", [element("pair-device", {}, elements)]).catch(() => undefined)
}

/**
 * What a phone does when it scans a client's QR code: links the client to this number, which becomes an account.
 * Resolves with the companion's address. Rejects when the code is not of a client that waits.
 */
export const scanQr = (network: Network, qr: string, number: string): Promise<string> => {
  const [ref = "", , identity = "", advSecret = ""] = qr.slice(qr.indexOf("#") + 1).split(",")
  const registration = network.pairing.byRef(ref)
  if (!registration?.keys.identity.equals(Buffer.from(identity, "base64"))) {
    return Promise.reject(new Error("no client waits with this QR code"))
  }
  return link(network, registration, number, Buffer.from(advSecret, "base64"))
}

const certify = (phone: Phone, keys: CompanionKeys, device: number, advSecret: Uint8Array) => {
  const { identity } = phone.signal
  const details = proto.ADVDeviceIdentity.encode({
    rawId: 1,
    timestamp: Number(unixSeconds()),
    keyIndex: device,
    accountType: proto.ADVEncryptionType.E2EE,
    deviceType: proto.ADVEncryptionType.E2EE
  }).finish()
  const signed = proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: identity.public,
    accountSignature: Curve.sign(identity.private, Buffer.concat([WA_ADV_ACCOUNT_SIG_PREFIX, details, keys.identity]))
  }).finish()
  const certificate = proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac: hmacSign(signed, advSecret) })
  return { details, certificate: certificate.finish() }
}

/** Links a client to a phone with the secret that only the two know, however they came to share it. */
export const link = async (
  network: Network,
  { connection, keys }: Registration,
  number: string,
  advSecret: Uint8Array
): Promise<string> => {
  const phone = network.directory.phone(number)
  const device = phone.reserveDevice()
  const { details, certificate } = certify(phone, keys, device, advSecret)
  network.pairing.forget(connection)
  const answer = await connection.query("md", [
    element("pair-success", {}, [
      element("device-identity", {}, certificate),
      element("device", { jid: phone.deviceJid(device), lid: phone.deviceLidJid(device) }),
      element("platform", { name: "iphone" })
    ])
  ])
  const countersigned = proto.ADVSignedDeviceIdentity.decode(
    childBytes(child(answer, "pair-device-sign"), "device-identity")
  )
  const claim = Buffer.concat([WA_ADV_DEVICE_SIG_PREFIX, details, keys.identity, phone.signal.identity.public])
  if (!Curve.verify(keys.identity, claim, present(countersigned.deviceSignature, "its device signature"))) {
    connection.fail(401)
    throw new Error("the client's device signature does not hold")
  }
  phone.link(device, keys)
  network.record.add("paired", { account: number, device })
  connection.endStream(restartRequired)
  return phone.deviceJid(device)
}
