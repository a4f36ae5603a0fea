import { Curve, type KeyPair, proto } from "@whiskeysockets/baileys"

const { Details } = proto.CertChain.NoiseCertificate
const forever = { notBefore: 1, notAfter: 4_102_444_800 }

/** The chain that proves the server's static key: the root signs an intermediate key, which signs the static key. */
export const makeCertificateChain = (root: KeyPair, serverKey: Uint8Array): Uint8Array => {
  const intermediate = Curve.generateKeyPair()
  const intermediateDetails = Details.encode({
    serial: 1,
    issuerSerial: 0,
    key: intermediate.public,
    ...forever
  }).finish()
  const leafDetails = Details.encode({ serial: 2, issuerSerial: 1, key: serverKey, ...forever }).finish()
  return proto.CertChain.encode({
    intermediate: { details: intermediateDetails, signature: Curve.sign(root.private, intermediateDetails) },
    leaf: { details: leafDetails, signature: Curve.sign(intermediate.private, leafDetails) }
  }).finish()
}
