import type { DeviceId } from "#domain/Ids.ts"
import type { LedgerEntry } from "#domain/ports/Ledger.ts"

/**
 * Who may be sent next. A chat is a device and a subject; within it messages go one after the other in the log's order,
 * the next when the one before has its first verdict. Chats do not wait for each other. In memory only: the ledger
 * has it all.
 */
export interface Chats {
  /** Claims the chat for an entry that would be its next; `false` when another one is there first. */
  readonly claim: (entry: LedgerEntry) => boolean
  /** Lines an entry up that is not durable yet: it keeps its place, and nobody behind it goes before it. */
  readonly reserve: (entry: LedgerEntry) => void
  /** The reserved entry is durable: it may go when it is its turn. */
  readonly admit: (entry: LedgerEntry) => void
  /** The reserved entry is none of ours: those behind it move up. */
  readonly withdraw: (entry: LedgerEntry) => void
  /** Lines a durable entry up among the others of its chat. */
  readonly enqueue: (entry: LedgerEntry) => void
  /** Frees the chat that was claimed for this entry. */
  readonly release: (entry: LedgerEntry) => void
  /** Claims the chat for its next entry, if it is free and has one. */
  readonly takeNext: (chat: Pick<LedgerEntry, "device" | "subject">) => LedgerEntry | undefined
  /** The same for each chat of a device. */
  readonly takeReady: (device: DeviceId) => ReadonlyArray<LedgerEntry>
  /** Removes and returns the waiting entries whose time is over. */
  readonly takeExpired: (now: string) => ReadonlyArray<LedgerEntry>
}

interface Chat {
  readonly device: DeviceId
  readonly waiting: Array<LedgerEntry>
  busy: boolean
}

export const make = (): Chats => {
  const chats = new Map<string, Chat>()
  const reserved = new Set<LedgerEntry>()
  const keyOf = ({ device, subject }: Pick<LedgerEntry, "device" | "subject">) => `${device} ${subject}`

  const chatOf = (entry: LedgerEntry): Chat => {
    const key = keyOf(entry)
    let chat = chats.get(key)
    if (chat === undefined) {
      chat = { device: entry.device, waiting: [], busy: false }
      chats.set(key, chat)
    }
    return chat
  }
  const forgetIfIdle = (key: string, chat: Chat) => {
    if (!chat.busy && chat.waiting.length === 0) chats.delete(key)
  }

  const enqueue = (entry: LedgerEntry) => {
    const { waiting } = chatOf(entry)
    let at = waiting.length
    while (at > 0 && waiting[at - 1]!.position > entry.position) at--
    waiting.splice(at, 0, entry)
  }

  const next = (chat: Chat | undefined) => {
    const entry = chat?.waiting[0]
    if (chat === undefined || chat.busy || entry === undefined || reserved.has(entry)) return undefined
    chat.waiting.shift()
    chat.busy = true
    return entry
  }

  return {
    claim: (entry) => {
      const chat = chatOf(entry)
      if (chat.busy || chat.waiting.length > 0) return false
      chat.busy = true
      return true
    },
    reserve: (entry) => {
      reserved.add(entry)
      enqueue(entry)
    },
    admit: (entry) => void reserved.delete(entry),
    withdraw: (entry) => {
      reserved.delete(entry)
      const chat = chatOf(entry)
      chat.waiting.splice(chat.waiting.indexOf(entry), 1)
      forgetIfIdle(keyOf(entry), chat)
    },
    enqueue,
    release: (entry) => {
      const chat = chatOf(entry)
      chat.busy = false
      forgetIfIdle(keyOf(entry), chat)
    },
    takeNext: (of) => next(chats.get(keyOf(of))),
    takeReady: (device) => {
      const ready: Array<LedgerEntry> = []
      for (const chat of chats.values()) {
        const entry = chat.device === device ? next(chat) : undefined
        if (entry !== undefined) ready.push(entry)
      }
      return ready
    },
    takeExpired: (now) => {
      const expired: Array<LedgerEntry> = []
      for (const [key, chat] of chats) {
        for (let i = chat.waiting.length - 1; i >= 0; i--) {
          const entry = chat.waiting[i]!
          if (entry.expiresAt <= now && !reserved.has(entry)) expired.push(...chat.waiting.splice(i, 1))
        }
        forgetIfIdle(key, chat)
      }
      return expired
    }
  }
}
