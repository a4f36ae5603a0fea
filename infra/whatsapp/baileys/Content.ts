import "./QuietLibsignal.ts"
import { generateWAMessageContent, proto } from "@whiskeysockets/baileys"
import type { Content } from "#domain/message/Content.ts"
import type { Timer } from "./DisappearingChats.ts"

/**
 * The message as every try will relay it, with the timer of its chat, if that has one. It holds a random secret: encoding
 * twice gives two different messages.
 */
export const encode = async (content: Content, timer?: Timer): Promise<Uint8Array> => {
  const message = await generateWAMessageContent(
    { text: content.text, linkPreview: null }, // a preview would fetch whatever the text links to, from this machine
    { upload: () => Promise.reject(new Error("a text has nothing to upload")) }
  )
  if (timer !== undefined && message.extendedTextMessage) {
    message.extendedTextMessage.contextInfo = { expiration: timer.seconds, ephemeralSettingTimestamp: timer.since }
  }
  return proto.Message.encode(message).finish()
}

export const decode = (bytes: Uint8Array): proto.Message => proto.Message.decode(bytes)
