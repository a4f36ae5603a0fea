/**
 * Opens what an event holds `sealed`, by the standard library alone: a JWE (RFC 7516) with ECDH-ES on P-256 and A256GCM
 * (RFC 7518). `compactDecrypt` of the package `jose` does the same, and so does a library in every other language.
 */
import {
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hash,
  type JsonWebKeyInput
} from "node:crypto"

const uint32 = (value: number) => Buffer.from(value.toString(16).padStart(8, "0"), "hex")
const sized = (bytes: Buffer) => Buffer.concat([uint32(bytes.length), bytes])
const decoded = (text: string | undefined) => Buffer.from(text ?? "", "base64url")

/** One round of the Concat KDF (RFC 7518, 4.6.2). */
const derived = (secret: Buffer, about: Buffer) =>
  hash(
    "sha256",
    Buffer.concat([uint32(1), secret, sized(Buffer.from("A256GCM")), sized(about), uint32(0), uint32(256)]),
    "buffer"
  )

/** The whole `data` of the event of this id; `undefined` if it is not sealed for this key. Throws on what was changed. */
export const opened = (id: string, sealed: string, key: JsonWebKeyInput["key"] & { readonly kid: string }) => {
  for (const jwe of sealed.split(" ")) {
    const [head = "", , iv, box, tag] = jwe.split(".")
    const { alg, apu, enc, epk, kid } = JSON.parse(decoded(head).toString())
    if (kid !== key.kid) continue
    if (alg !== "ECDH-ES" || enc !== "A256GCM") throw new Error(`sealed by ${alg} and ${enc}`)
    if (decoded(apu).toString() !== id) throw new Error("sealed for another event")
    const ours = createPrivateKey({ key, format: "jwk" })
    const secret = diffieHellman({ privateKey: ours, publicKey: createPublicKey({ key: epk, format: "jwk" }) })
    const cipher = createDecipheriv("aes-256-gcm", derived(secret, decoded(apu)), decoded(iv), { authTagLength: 16 })
    cipher.setAAD(Buffer.from(head)).setAuthTag(decoded(tag))
    return JSON.parse(Buffer.concat([cipher.update(decoded(box)), cipher.final()]).toString())
  }
  return undefined
}
