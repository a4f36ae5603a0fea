import { createCipheriv, createHmac, randomBytes } from "node:crypto"
import type { proto } from "@whiskeysockets/baileys"
import type { Reference } from "./Reference.ts"

/** The secret that every message has, and by which others may speak of it. */
export const newSecret = (): proto.IMessageContextInfo => ({ messageSecret: randomBytes(32) })

const hmac = (data: Uint8Array, key: Uint8Array) => createHmac("sha256", key).update(data).digest()

/** Encrypted with the secret of the message that is spoken of. Throws when the simulator does not know it. */
export const encryptedFor = (
  { author, content, key }: Reference,
  speaker: string,
  use: "Poll Vote" | "Message Edit" | "Enc Reaction",
  plain: Uint8Array
): { readonly encPayload: Uint8Array; readonly encIv: Uint8Array } => {
  const secret = content?.messageContextInfo?.messageSecret
  if (!secret) throw new Error(use === "Poll Vote" ? "no such poll" : "no such message")
  const id = key.id ?? ""
  const info = Buffer.concat([Buffer.from(`${id}${author}${speaker}${use}`), Buffer.from([1])])
  const encIv = randomBytes(12)
  const cipher = createCipheriv("aes-256-gcm", hmac(info, hmac(secret, Buffer.alloc(32))), encIv)
  if (use === "Poll Vote") cipher.setAAD(Buffer.from(`${id}\0${speaker}`))
  return { encPayload: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]), encIv }
}
