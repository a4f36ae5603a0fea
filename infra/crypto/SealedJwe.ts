import {
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hash,
  type JsonWebKeyInput,
  type KeyObject
} from "node:crypto"

/** What was sealed for the holder of a key (RFC 7516: ECDH-ES on P-256, A256GCM), opened by it. */

/** The private half of a sealing key, and what it is called. */
export interface OpeningKey {
  readonly kid: string
  readonly key: KeyObject
}

/** `undefined` when it is no private key on P-256. */
export const openingKeyOf = (jwk: { readonly kid: string }): OpeningKey | undefined => {
  try {
    const key = createPrivateKey({ key: jwk as JsonWebKeyInput["key"], format: "jwk" })
    return key.asymmetricKeyDetails?.namedCurve === "prime256v1" ? { kid: jwk.kid, key } : undefined
  } catch {
    return undefined
  }
}

const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
const sized = (bytes: Buffer) => Buffer.concat([uint32(bytes.length), bytes])
const decoded = (text: string | undefined) => Buffer.from(text ?? "", "base64url")

/** Concat KDF (RFC 7518, 4.6.2), of which one round gives all that is needed. */
const derived = (secret: Buffer, about: Buffer) =>
  hash(
    "sha256",
    Buffer.concat([uint32(1), secret, sized(Buffer.from("A256GCM")), sized(about), uint32(0), uint32(256)]),
    "buffer"
  )

/** What is sealed in the event of this id, for this key. `"no_key"`: for others alone. `"damaged"`: it does not open. */
export const openedIn = (
  { key, kid }: OpeningKey,
  id: string,
  sealed: string
): { readonly json: string } | "no_key" | "damaged" => {
  try {
    for (const jwe of sealed.split(" ")) {
      const [head = "", , iv, box, tag] = jwe.split(".")
      const { alg, apu, enc, epk, kid: whose } = JSON.parse(decoded(head).toString())
      if (whose !== kid) continue
      if (alg !== "ECDH-ES" || enc !== "A256GCM" || decoded(apu).toString() !== id) return "damaged"
      const secret = diffieHellman({ privateKey: key, publicKey: createPublicKey({ key: epk, format: "jwk" }) })
      const cipher = createDecipheriv("aes-256-gcm", derived(secret, decoded(apu)), decoded(iv), { authTagLength: 16 })
      cipher.setAAD(Buffer.from(head)).setAuthTag(decoded(tag))
      return { json: Buffer.concat([cipher.update(decoded(box)), cipher.final()]).toString() }
    }
    return "no_key"
  } catch {
    return "damaged"
  }
}
