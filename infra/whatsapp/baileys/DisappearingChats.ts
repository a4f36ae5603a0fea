import type { BaileysEventMap, proto, WASocket } from "@whiskeysockets/baileys"
import { normalizeMessageContent } from "@whiskeysockets/baileys"
import type { Recipient } from "#domain/message/Recipient.ts"
import { addressOf, person } from "./Addresses.ts"
import type { Notes } from "./AuthState.ts"

/** After how long the messages of a chat disappear, as both sides agreed. */
export interface Timer {
  readonly seconds: number
  /** When that was agreed, in seconds since 1970. */
  readonly since: number
}

const kind = "disappearing"
const longest = 366 * 86_400

const timerOf = (notes: Pick<Notes, "get">, name: string): Timer | undefined =>
  notes.get(kind, name) as Timer | undefined

/** The timer of the chat with somebody, if its messages disappear. */
export const read = (notes: Pick<Notes, "get">, to: Recipient): Timer | undefined => {
  const name = person(notes, addressOf(notes, to))
  const timer = name === undefined ? undefined : timerOf(notes, name)
  return timer !== undefined && timer.seconds > 0 ? timer : undefined
}

type Chats = BaileysEventMap["chats.update"]
type Seconds = proto.IConversation["ephemeralSettingTimestamp"]

/**
 * Learns the timers of chats: from the phone's history, from whoever sets one, and from messages, which carry it. Each is
 * kept when it changes, until one is heard of that was agreed on later; that there is none is kept as well.
 */
export const hear = ({ ev }: Pick<WASocket, "ev">, notes: Notes, now: () => number): void => {
  const learn = (chat: string | null | undefined, seconds: number, at: Seconds, otherwise: Seconds) => {
    const name = person(notes, chat ?? undefined)
    if (name === undefined || !Number.isSafeInteger(seconds) || seconds < 0 || seconds > longest) return
    // a time that is still to come would outlive every later agreement
    const since = Math.min(secondsOf(at) || secondsOf(otherwise) || now(), now())
    const known = timerOf(notes, name)
    if (known === undefined ? seconds === 0 : known.seconds === seconds || known.since > since) return
    notes.set(kind, name, { seconds, since })
  }
  /** What cannot be kept is learnt with the next message; Baileys would let the process die of a throw. */
  const quietly = (work: () => void) => {
    try {
      work()
    } catch {}
  }

  const chats = (some: Chats) =>
    quietly(() => {
      for (const chat of some) {
        // an update says that there is none; in a history, nothing is said of what it does not mention
        if (!Object.hasOwn(chat, "ephemeralExpiration")) continue
        learn(chat.id, chat.ephemeralExpiration ?? 0, chat.ephemeralSettingTimestamp, undefined)
      }
    })
  ev.on("messaging-history.set", (history) => chats(history.chats))
  ev.on("chats.upsert", chats)
  ev.on("chats.update", chats)
  ev.on("messages.upsert", ({ messages }) =>
    quietly(() => {
      for (const { key, message, messageTimestamp } of messages) {
        const context = contextOf(message)
        // none says nothing: not every kind of message has room for it
        if (!context?.expiration) continue
        learn(key.remoteJid, context.expiration, context.ephemeralSettingTimestamp, messageTimestamp)
      }
    })
  )
}

const secondsOf = (value: Seconds): number => Number(value ?? 0)

const contextOf = (message: proto.IMessage | null | undefined): proto.IContextInfo | undefined => {
  for (const part of Object.values(normalizeMessageContent(message) ?? {})) {
    if (typeof part === "object" && part !== null && "contextInfo" in part)
      return part.contextInfo as proto.IContextInfo
  }
  return undefined
}
