import { proto } from "@whiskeysockets/baileys"
import { Schema } from "effect"
import {
  composeDeletion,
  composeEdit,
  composePin,
  composeReaction,
  composeTimer,
  deletion,
  edit,
  pin,
  reaction,
  timer
} from "./Changes.ts"
import { composeFile, files } from "./Files.ts"
import { composePoll, composeVote, poll, vote } from "./Polls.ts"
import type { Reference } from "./Reference.ts"
import { newSecret } from "./Secrets.ts"
import { anything, card, composeCard, composeLocation, location, text } from "./Words.ts"

/** What a message may say. */
export const Content = Schema.Union([
  text,
  ...files,
  location,
  card,
  poll,
  vote,
  edit,
  deletion,
  reaction,
  pin,
  timer,
  anything
])
export type Content = typeof Content.Type

/** Who says it, and of what. */
export interface Speech {
  readonly speaker: string
  readonly find: (waMessageId: string) => Reference
}

/** What others may speak of, which needs its secret for it. */
const spokenOf = new Set<unknown>([
  undefined,
  "text",
  "image",
  "video",
  "audio",
  "document",
  "sticker",
  "location",
  "contact"
])

/** The message as phones encode it. Throws when it cannot be said, with a reason that repeats no input. */
export const compose = (content: Content, speech: Speech): proto.IMessage => {
  const said = partsOf(content, speech)
  return spokenOf.has(content.kind) ? { ...said, messageContextInfo: newSecret() } : said
}

const partsOf = (content: Content, { find, speaker }: Speech): proto.IMessage => {
  switch (content.kind) {
    case undefined:
    case "text":
      return { conversation: content.text }
    case "location":
      return composeLocation(content)
    case "contact":
      return composeCard(content)
    case "poll":
      return composePoll(content)
    case "vote":
      return composeVote(content, find(content.of), speaker)
    case "edit":
      return composeEdit(content, find(content.of), speaker)
    case "delete":
      return composeDeletion(find(content.of))
    case "reaction":
      return composeReaction(content, find(content.of), speaker)
    case "pin":
      return composePin(content, find(content.of))
    case "timer":
      return composeTimer(content)
    case "protocol":
      return proto.Message.fromObject(content.content)
    default:
      return composeFile(content)
  }
}

const media = new Set<unknown>(["image", "video", "audio", "document", "sticker", "location", "contact"])

/** The stanza's type, which says this much to a server that opens nothing. */
export const typeOf = ({ kind }: Content): string => {
  if (media.has(kind)) return "media"
  if (kind === "poll" || kind === "vote") return "poll"
  return kind === "reaction" ? "reaction" : "text"
}
