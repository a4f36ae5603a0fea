import { proto } from "@whiskeysockets/baileys"
import { base64url } from "#domain/Bytes.ts"
import type { HeardContent, Person } from "#domain/inbound/Heard.ts"
import { isPerson, isSame } from "./People.ts"
import { saidInstead } from "./Said.ts"
import { openSecret, type Secret } from "./Secretly.ts"
import { targetOf } from "./Targets.ts"
import { type Unwrapped, unwrapped } from "./Unwrapped.ts"
import { natural } from "./Values.ts"
import type { Whereabouts } from "./Whereabouts.ts"

/** What one has to know to take a change apart. */
export interface Seen extends Whereabouts {
  /** Those that the message spoken of may have. */
  readonly secrets: ReadonlyArray<Uint8Array>
  /** The change as it was encoded. */
  readonly raw: string
}

type Key = proto.IMessageKey | null | undefined
type Change = HeardContent | undefined

const { Type } = proto.Message.ProtocolMessage
const Pin = proto.Message.PinInChatMessage.Type
const { MESSAGE_EDIT } = proto.Message.SecretEncryptedMessage.SecretEncType

const isBySender = (author: Person | undefined, { sender }: Seen) => author !== undefined && isSame(author, sender)

/** Only who has said something says it otherwise; what others claim to change is told as what it is. */
const edit = (key: Key, instead: proto.IMessage | null | undefined, seen: Seen): Change => {
  const { author, target } = targetOf(key, seen) ?? {}
  const content = saidInstead(instead, seen)
  return target && content && isBySender(author, seen) ? { type: "edit", target, content } : undefined
}

/** By whoever has said it; in a group by an administrator, if the server says that it is one. */
const deletion = (key: Key, seen: Seen): Change => {
  const { author, target } = targetOf(key, seen) ?? {}
  if (target === undefined) return undefined
  if (isBySender(author, seen)) return { type: "deletion", target }
  return !isPerson(seen.chat) && seen.byAdmin ? { type: "deletion", target, byAdmin: true } : undefined
}

const reaction = (key: Key, text: string | null | undefined, seen: Seen): Change => {
  const { target } = targetOf(key, seen) ?? {}
  return target && { type: "reaction", target, emoji: (text ?? "").toWellFormed() }
}

const protocol = (message: proto.Message.IProtocolMessage, seen: Seen): Change => {
  const { editedMessage, ephemeralExpiration, key, type } = message
  // the first of its numbers, which encoders leave out
  if ((type ?? Type.REVOKE) === Type.REVOKE) return deletion(key, seen)
  if (type === Type.MESSAGE_EDIT) return edit(key, editedMessage, seen)
  const seconds = natural(ephemeralExpiration ?? 0)
  return type === Type.EPHEMERAL_SETTING && seconds !== undefined ? { type: "timer", seconds } : undefined
}

const opened = (secret: Secret | null | undefined, key: Key, use: Parameters<typeof openSecret>[1], seen: Seen) => {
  const { author } = targetOf(key, seen) ?? {}
  if (!secret || !key?.id || author === undefined) return undefined
  return openSecret(secret, use, { id: key.id, author, speaker: seen.sender, secrets: seen.secrets })
}

/** Opened, it is an edit as it was before edits were encrypted, or the new content alone. */
const secretEdit = (message: proto.Message.ISecretEncryptedMessage, seen: Seen): Change => {
  const { secretEncType, targetMessageKey: key } = message
  const plain = secretEncType === MESSAGE_EDIT ? opened(message, key, "edit", seen) : undefined
  if (plain === undefined) return undefined
  const inner = proto.Message.decode(plain)
  const { name, part } = unwrapped(inner) ?? {}
  const instead = name === "protocolMessage" ? (part as proto.Message.IProtocolMessage).editedMessage : inner
  return edit(key, instead, seen)
}

const secretReaction = (message: proto.Message.IEncReactionMessage, seen: Seen): Change => {
  const plain = opened(message, message.targetMessageKey, "reaction", seen)
  return plain && reaction(message.targetMessageKey, proto.Message.ReactionMessage.decode(plain).text, seen)
}

const vote = ({ pollCreationMessageKey: key, vote }: proto.Message.IPollUpdateMessage, seen: Seen): Change => {
  const { target } = targetOf(key, seen) ?? {}
  if (target === undefined) return undefined
  const { raw } = seen
  const plain = opened(vote, key, "vote", seen)
  if (plain === undefined) return { type: "vote", target, raw }
  const { selectedOptions } = proto.Message.PollVoteMessage.decode(plain)
  return { type: "vote", target, chosen: selectedOptions.map(base64url), raw }
}

const pin = ({ key, type }: proto.Message.IPinInChatMessage, { context }: Unwrapped, seen: Seen): Change => {
  const { target } = targetOf(key, seen) ?? {}
  if (target === undefined || (type !== Pin.PIN_FOR_ALL && type !== Pin.UNPIN_FOR_ALL)) return undefined
  const isPinned = type === Pin.PIN_FOR_ALL
  const forSeconds = isPinned ? natural(context?.messageAddOnDurationInSecs) || undefined : undefined
  return { type: "pin", target, isPinned, ...(forSeconds !== undefined && { forSeconds }) }
}

/** What it does to what was said, or to the chat; nothing if it is no such thing. */
export const changeOf = (whole: Unwrapped, seen: Seen): Change => {
  const part = whole.part as never
  switch (whole.name) {
    case "protocolMessage":
      return protocol(part, seen)
    case "secretEncryptedMessage":
      return secretEdit(part, seen)
    case "encReactionMessage":
      return secretReaction(part, seen)
    case "reactionMessage": {
      const { key, text } = part as proto.Message.IReactionMessage
      return reaction(key, text, seen)
    }
    case "pollUpdateMessage":
      return vote(part, seen)
    case "pinInChatMessage":
      return pin(part, whole, seen)
    default:
      return undefined
  }
}
