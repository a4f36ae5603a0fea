import "./QuietLibsignal.ts"
import { jidNormalizedUser, type proto } from "@whiskeysockets/baileys"
import type { DeviceId } from "#domain/Ids.ts"
import type { Quote } from "#domain/inbound/Quote.ts"
import { personAddress } from "./Addresses.ts"
import type { AuthFile } from "./AuthFile.ts"
import { readNotes } from "./AuthState.ts"

/** What a reply shows of the message that it answers: WhatsApp's clients take it from the reply itself. */

type Shown = (words: string | undefined) => proto.IMessage

const captioned =
  (member: "imageMessage" | "videoMessage"): Shown =>
  (caption) => ({ [member]: caption === undefined ? {} : { caption } })

/** By the kind of its content. Anything else is shown as its words alone. */
const kinds: Readonly<Record<string, Shown>> = {
  image: captioned("imageMessage"),
  video: captioned("videoMessage"),
  audio: () => ({ audioMessage: {} }),
  document: (fileName) => ({ documentMessage: fileName === undefined ? {} : { fileName, title: fileName } }),
  sticker: () => ({ stickerMessage: {} }),
  location: (name) => ({ locationMessage: name === undefined ? {} : { name } }),
  contacts: (displayName = "") => ({ contactMessage: { displayName } }),
  poll: (name = "") => ({ pollCreationMessage: { name, options: [] } })
}

const shown = ({ kind, text }: Quote): proto.IMessage => {
  const known = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  return known?.(text) ?? { conversation: text ?? "" }
}

/** `own`: the account's address, where it said itself what is quoted. */
export const contextOf = (quote: Quote, own: string | undefined): proto.IContextInfo => {
  const { fromMe, sender, waMessageId } = quote.target
  const participant = fromMe ? own : sender && personAddress(sender)
  return { stanzaId: waMessageId, ...(participant !== undefined && { participant }), quotedMessage: shown(quote) }
}

/** The address of the account that a device is linked to, as far as its credentials say. */
export const ownAddress = (file: AuthFile, device: DeviceId): string | undefined => {
  try {
    const creds = readNotes(file, device).get("creds", "") as { readonly me?: { readonly id?: string } } | undefined
    return creds?.me?.id === undefined ? undefined : jidNormalizedUser(creds.me.id)
  } catch {
    return undefined
  }
}
