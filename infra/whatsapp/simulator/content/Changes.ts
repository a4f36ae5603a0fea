import { proto } from "@whiskeysockets/baileys"
import { Schema } from "effect"
import { Count, Id, Text } from "./Members.ts"
import type { Reference } from "./Reference.ts"
import { encryptedFor } from "./Secrets.ts"

/** Of which message it speaks. */
const of = Id

export const edit = Schema.Struct({
  kind: Schema.Literal("edit"),
  of,
  text: Text,
  /** In an `editedMessage` around it, as some clients send it. */
  wrapped: Schema.optionalKey(Schema.Boolean),
  /** Encrypted under the secret of the message, as today's phones send it. */
  encrypted: Schema.optionalKey(Schema.Boolean)
})
export const deletion = Schema.Struct({ kind: Schema.Literal("delete"), of })
/** An empty text takes the reaction back. */
export const reaction = Schema.Struct({
  kind: Schema.Literal("reaction"),
  of,
  text: Text,
  /** Encrypted under the secret of the message, as in the groups of a community. */
  encrypted: Schema.optionalKey(Schema.Boolean)
})
/** With 0 seconds it is taken down. */
export const pin = Schema.Struct({ kind: Schema.Literal("pin"), of, seconds: Schema.optionalKey(Count) })
/** The chat's messages disappear after so many seconds, or with 0 stay. */
export const timer = Schema.Struct({ kind: Schema.Literal("timer"), seconds: Count })

const { Type } = proto.Message.ProtocolMessage
const Pin = proto.Message.PinInChatMessage.Type
const week = 604_800

/** Throws when it is to be encrypted, and the simulator does not know the message. */
export const composeEdit = (
  { encrypted, text, wrapped }: typeof edit.Type,
  of: Reference,
  speaker: string
): proto.IMessage => {
  const { content, key } = of
  const protocolMessage = {
    key,
    type: Type.MESSAGE_EDIT,
    editedMessage: withText(content, text),
    timestampMs: Date.now()
  }
  if (encrypted) {
    const plain = proto.Message.encode({ protocolMessage }).finish()
    const { MESSAGE_EDIT } = proto.Message.SecretEncryptedMessage.SecretEncType
    const sealed = encryptedFor(of, speaker, "Message Edit", plain)
    return { secretEncryptedMessage: { targetMessageKey: key, secretEncType: MESSAGE_EDIT, ...sealed } }
  }
  return wrapped ? { editedMessage: { message: { protocolMessage } } } : { protocolMessage }
}

/** A caption is edited where it stands. */
const withText = (content: proto.IMessage | undefined, text: string): proto.IMessage => {
  const { documentWithCaptionMessage, imageMessage, videoMessage } = content ?? {}
  if (imageMessage) return { imageMessage: { ...imageMessage, caption: text } }
  if (videoMessage) return { videoMessage: { ...videoMessage, caption: text } }
  if (documentWithCaptionMessage?.message) {
    const { documentMessage } = documentWithCaptionMessage.message
    return { documentWithCaptionMessage: { message: { documentMessage: { ...documentMessage, caption: text } } } }
  }
  return { conversation: text }
}

export const composeDeletion = ({ key }: Reference): proto.IMessage => ({
  protocolMessage: { key, type: Type.REVOKE }
})

export const composeReaction = (
  { encrypted, text }: typeof reaction.Type,
  of: Reference,
  speaker: string
): proto.IMessage => {
  const said = { text, senderTimestampMs: Date.now() }
  if (!encrypted) return { reactionMessage: { key: of.key, ...said } }
  const plain = proto.Message.ReactionMessage.encode(said).finish()
  return { encReactionMessage: { targetMessageKey: of.key, ...encryptedFor(of, speaker, "Enc Reaction", plain) } }
}

export const composePin = ({ seconds = week }: typeof pin.Type, { key }: Reference): proto.IMessage => ({
  pinInChatMessage: {
    key,
    type: seconds === 0 ? Pin.UNPIN_FOR_ALL : Pin.PIN_FOR_ALL,
    senderTimestampMs: Date.now()
  },
  ...(seconds > 0 && { messageContextInfo: { messageAddOnDurationInSecs: seconds } })
})

export const composeTimer = ({ seconds }: typeof timer.Type): proto.IMessage => ({
  protocolMessage: { type: Type.EPHEMERAL_SETTING, ephemeralExpiration: seconds }
})
