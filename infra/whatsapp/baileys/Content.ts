import "./QuietLibsignal.ts"
import { type AnyMessageContent, generateWAMessageContent, getContentType, proto } from "@whiskeysockets/baileys"
import type { Content } from "#domain/message/content/Content.ts"
import { text } from "./content/Text.ts"
import type { Timer } from "./DisappearingChats.ts"

type Kind = Content["type"]

/** How Baileys is told each kind. */
const kinds: { readonly [K in Kind]: (content: Extract<Content, { readonly type: K }>) => AnyMessageContent } = { text }

const toBaileys = (content: Content) => (kinds[content.type] as (content: Content) => AnyMessageContent)(content)

/**
 * The message as every try will relay it, with the timer of its chat, if that has one. It holds a random secret: encoding
 * twice gives two different messages.
 */
export const encode = async (content: Content, timer?: Timer): Promise<Uint8Array> => {
  const message = await generateWAMessageContent(toBaileys(content), {
    upload: () => Promise.reject(new Error("there is nothing to upload in it"))
  })
  if (timer !== undefined) {
    const contextInfo = { expiration: timer.seconds, ephemeralSettingTimestamp: timer.since }
    Object.assign(message[getContentType(message)!] as object, { contextInfo })
  }
  return proto.Message.encode(message).finish()
}

export const decode = (bytes: Uint8Array): proto.Message => proto.Message.decode(bytes)
