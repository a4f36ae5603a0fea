import { proto } from "@whiskeysockets/baileys"

/** A message with a context, which a bare text has no place for. What has none, as a reaction, stays as it is. */
export const inContext = (content: proto.IMessage, contextInfo: proto.IContextInfo): proto.IMessage => {
  if (Object.keys(contextInfo).length === 0) return content
  const { conversation, ...rest } = content
  if (typeof conversation === "string") return { ...rest, extendedTextMessage: { text: conversation, contextInfo } }
  const [wrapper, wrapped] = Object.entries(rest).find(([, value]) => hasMessage(value)) ?? []
  if (wrapper !== undefined && hasMessage(wrapped)) {
    return { ...rest, [wrapper]: { ...wrapped, message: inContext(wrapped.message, contextInfo) } }
  }
  return Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [name, bearers.has(name) ? { ...value, contextInfo } : value])
  )
}

const hasMessage = (value: unknown): value is { readonly message: proto.IMessage } =>
  typeof value === "object" && value !== null && "message" in value

const bearers = new Set([
  "extendedTextMessage",
  "imageMessage",
  "videoMessage",
  "audioMessage",
  "documentMessage",
  "stickerMessage",
  "locationMessage",
  "contactMessage",
  "pollCreationMessageV3"
])

/** Its words: a text, or what stands beside a file. */
export const textOf = (content: proto.IMessage): string | undefined =>
  content.conversation ??
  content.extendedTextMessage?.text ??
  content.imageMessage?.caption ??
  content.videoMessage?.caption ??
  content.documentMessage?.caption ??
  content.documentWithCaptionMessage?.message?.documentMessage?.caption ??
  undefined

/** What it answers, as it shows that. */
export const quotesOf = (content: proto.IMessage) => {
  const part = Object.values(content).find((value) => value?.contextInfo?.stanzaId != null)
  const context = part?.contextInfo as proto.IContextInfo | undefined
  if (context === undefined) return {}
  const { participant, quotedMessage, stanzaId } = context
  return {
    quotes: {
      ...(stanzaId && { waMessageId: stanzaId }),
      ...(participant && { participant }),
      ...(quotedMessage && { content: jsonOf(quotedMessage) })
    }
  }
}

/** What it says, without the secret that is new in every message. */
export const jsonOf = (content: proto.IMessage): { readonly [member: string]: unknown } => {
  const { messageContextInfo: _, ...said } = proto.Message.fromObject(content).toJSON()
  return said
}
