import { Effect, Schema } from "effect"
import { base64url, concat, fromHex, hex, utf8 } from "../Bytes.ts"
import type { Crypto, MacKey, SigningKey } from "../ports/Crypto.ts"
import type { Signing } from "./Endpoint.ts"

type Algorithms = Crypto["Service"]

/** What deliveries to one address are signed with, as Standard Webhooks has it. Lives in memory and in boxes. */
const Standard = Schema.Struct({
  /** Of HMAC-SHA-256: 32 bytes, base64. */
  hmac: Schema.String,
  /** Of Ed25519: 32 bytes, base64. */
  seed: Schema.String
})
/** As its owner wrote it; empty: nothing is signed. */
const Shared = Schema.Struct({ shared: Schema.String })

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Union([Standard, Shared])))

const prefix = "whsec_"

/** Its text for the box, and what of it is shown: nothing of what its owner chose. */
export interface Made {
  readonly text: string
  readonly shown?: string
  readonly publicKey: string
}

/** A new one. */
export const make = (crypto: Algorithms): Made & { readonly shown: string } => {
  const [hmac, seed] = [crypto.random(32), crypto.random(32)]
  const secret: typeof Standard.Type = { hmac: hmac.toBase64(), seed: seed.toBase64() }
  return {
    text: JSON.stringify(secret),
    /** What the receiver verifies HMACs with. */
    shown: `${prefix}${secret.hmac}`,
    publicKey: base64url(crypto.signingKey(seed).publicKey)
  }
}

/** The text for the box of one that its owner chose. */
export const shared = (secret: string): string => JSON.stringify({ shared: secret } satisfies typeof Shared.Type)

/** One that its owner chose, and knows. */
export const ofOwner = (secret: string): Made => ({ text: shared(secret), publicKey: "" })

/** A new one for a receiver that knows no other than those. */
export const makeShared = (crypto: Algorithms) => {
  const shown = base64url(crypto.random(32))
  return { text: shared(shown), shown, publicKey: "" }
}

export const newId = (crypto: Algorithms): string => hex(crypto.random(8))

/** As Standard Webhooks writes a public key. */
export const publicKeyOf = ({ publicKey }: Pick<Signing, "publicKey">): string =>
  `whpk_${Uint8Array.fromBase64(publicKey, { alphabet: "base64url" }).toBase64()}`

/** A secret, ready to sign with. */
export interface Signatory {
  readonly mac: MacKey | undefined
  readonly key: SigningKey | undefined
  /** Of its text as it is shown, for whoever takes the text for the key. */
  readonly text: MacKey | undefined
  /** What its owner chose. */
  readonly shared: string | undefined
}

export const signatoryOf = (crypto: Algorithms, text: string): Signatory => {
  const secret = decode(text)
  if ("shared" in secret) {
    const { shared } = secret
    const mac = shared === "" ? undefined : crypto.macKey(utf8(shared))
    return { mac, key: undefined, text: mac, shared }
  }
  const { key } = crypto.signingKey(Uint8Array.fromBase64(secret.seed))
  const mac = crypto.macKey(Uint8Array.fromBase64(secret.hmac))
  return { mac, key, text: crypto.macKey(utf8(`${prefix}${secret.hmac}`)), shared: undefined }
}

/** The signatures of one attempt, by each of these, in the words of the header `webhook-signature`. */
export const sign = (
  crypto: Algorithms,
  signatories: ReadonlyArray<Signatory>,
  { body, id, seconds }: { readonly id: string; readonly seconds: number; readonly body: Uint8Array }
) => {
  const signed = concat(utf8(`${id}.${seconds}.`), body)
  return Effect.map(
    Effect.forEach(signatories, ({ key, mac }) => {
      if (key === undefined || mac === undefined) return Effect.succeed([])
      const code = fromHex(crypto.mac(mac, signed, "hex")).toBase64()
      return Effect.map(crypto.sign(key, signed), (signature) => [`v1,${code}`, `v1a,${signature.toBase64()}`])
    }),
    (all) => all.flat().join(" ")
  )
}
