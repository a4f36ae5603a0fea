import "./QuietLibsignal.ts"
import { type AnyMessageContent, generateWAMessageContent, getContentType, proto } from "@whiskeysockets/baileys"
import type { Quote } from "#domain/inbound/Quote.ts"
import type { Content } from "#domain/message/content/Content.ts"
import { text } from "./content/Text.ts"
import type { Timer } from "./DisappearingChats.ts"
import { contextOf } from "./Quotes.ts"

type Kind = Content["type"]

/** How Baileys is told each kind. */
const kinds: { readonly [K in Kind]: (content: Extract<Content, { readonly type: K }>) => AnyMessageContent } = { text }

const toBaileys = (content: Content) => (kinds[content.type] as (content: Content) => AnyMessageContent)(content)

interface Surroundings {
  /** Of its chat, if that has one. */
  readonly timer?: Timer | undefined
  readonly quote?: Quote | undefined
  /** The account's own address. */
  readonly own?: string | undefined
}

/**
 * The message as every try will relay it, with the timer of its chat, and what it replies to. It holds a random secret:
 * encoding twice gives two different messages.
 */
export const encode = async (content: Content, { own, quote, timer }: Surroundings = {}): Promise<Uint8Array> => {
  const message = await generateWAMessageContent(toBaileys(content), {
    upload: () => Promise.reject(new Error("there is nothing to upload in it"))
  })
  const contextInfo = {
    ...(timer !== undefined && { expiration: timer.seconds, ephemeralSettingTimestamp: timer.since }),
    ...(quote !== undefined && contextOf(quote, own))
  }
  if (Object.keys(contextInfo).length > 0) Object.assign(message[getContentType(message)!] as object, { contextInfo })
  return proto.Message.encode(message).finish()
}

export const decode = (bytes: Uint8Array): proto.Message => proto.Message.decode(bytes)
