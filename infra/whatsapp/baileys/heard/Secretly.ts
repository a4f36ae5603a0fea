import { createDecipheriv, hkdfSync } from "node:crypto"
import type { proto } from "@whiskeysockets/baileys"
import type { Person } from "#domain/inbound/Heard.ts"
import { addressesOf } from "./People.ts"
import { unwrapped } from "./Unwrapped.ts"

/** What is said of a message to those alone who have it: encrypted under its secret, for a use. */
export interface Secret {
  readonly encPayload?: Uint8Array | null
  readonly encIv?: Uint8Array | null
}

const uses = { vote: "Poll Vote", edit: "Message Edit", reaction: "Enc Reaction" } as const
const tagBytes = 16

/** Of which message's secret it is that this one needs, if any. */
export const secretNeededBy = (message: proto.IMessage): string | undefined => {
  const { part, name } = unwrapped(message) ?? {}
  if (name === "pollUpdateMessage")
    return (part as proto.Message.IPollUpdateMessage).pollCreationMessageKey?.id || undefined
  if (name !== "secretEncryptedMessage" && name !== "encReactionMessage") return undefined
  return (part as proto.Message.ISecretEncryptedMessage).targetMessageKey?.id || undefined
}

/** The secret of a message, by which others may speak of it. */
export const secretOf = (message: proto.IMessage): Uint8Array | undefined => {
  const outer = message.messageContextInfo?.messageSecret
  const secret = outer?.length ? outer : unwrapped(message)?.context?.messageSecret
  return secret?.length === 32 ? secret : undefined
}

const decrypt = (key: Uint8Array, iv: Uint8Array, sealed: Uint8Array, beside: string): Uint8Array | undefined => {
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, iv)
    decipher.setAuthTag(sealed.subarray(-tagBytes))
    decipher.setAAD(Buffer.from(beside))
    return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()])
  } catch {
    return undefined
  }
}

/**
 * Opens what `speaker` says of the message `id` of `author`. By which of their addresses each is named in the key is not said:
 * the one that opens it was the one. Nothing when no secret does.
 */
export const openSecret = (
  { encIv, encPayload }: Secret,
  use: keyof typeof uses,
  {
    author,
    id,
    secrets,
    speaker
  }: {
    readonly id: string
    readonly author: Person
    readonly speaker: Person
    readonly secrets: ReadonlyArray<Uint8Array>
  }
): Uint8Array | undefined => {
  if (!encIv?.length || !encPayload || encPayload.length < tagBytes) return undefined
  for (const secret of secrets) {
    for (const authorAddress of addressesOf(author)) {
      for (const address of addressesOf(speaker)) {
        const key = new Uint8Array(hkdfSync("sha256", secret, "", `${id}${authorAddress}${address}${uses[use]}`, 32))
        const opened = decrypt(key, encIv, encPayload, use === "vote" ? `${id}\0${address}` : "")
        if (opened !== undefined) return opened
      }
    }
  }
  return undefined
}
