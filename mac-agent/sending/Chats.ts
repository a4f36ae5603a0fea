import type { DeviceId } from "#domain/Ids.ts"
import type { LedgerEntry } from "#domain/ports/Ledger.ts"

/**
 * Who may be sent next. A chat is a device and a subject; within it messages go one after the other in the log's order,
 * the next when the one before has its first verdict. Chats do not wait for each other, unless a device has as many under
 * way as it may. In memory only: the ledger has it all.
 */
export interface Chats {
  /** Claims the chat for an entry that would be its next; `false` when another one is there first. */
  readonly claim: (entry: LedgerEntry) => boolean
  /** Lines an entry up that is not durable yet: it keeps its place, and nobody behind it goes before it. */
  readonly reserve: (entry: LedgerEntry) => void
  /** The reserved entry is durable: it may go when it is its turn. */
  readonly admit: (entry: LedgerEntry) => void
  /** Takes an entry out of its line, if it is there: those behind it move up. */
  readonly withdraw: (entry: LedgerEntry) => void
  /** Lines a durable entry up among the others of its chat. */
  readonly enqueue: (entry: LedgerEntry) => void
  /** The same, but it is not its turn, nor that of those behind it, before `until`. */
  readonly rest: (entry: LedgerEntry, until: number) => void
  /** Those that have rested until now may go. */
  readonly rouse: (now: number) => void
  /** Frees the chat that was claimed for this entry. */
  readonly release: (entry: LedgerEntry) => void
  /** Claims the chat of a device that has waited longest for its turn, for its next entry. */
  readonly takeNext: (of: Pick<LedgerEntry, "device">) => LedgerEntry | undefined
  /** Removes and returns those of the waiting entries that shall wait no longer. */
  readonly takeAll: (isOver: (entry: LedgerEntry) => boolean) => ReadonlyArray<LedgerEntry>
  /** How many chats are claimed. */
  readonly underway: () => number
}

interface Device {
  busy: number
  /** The chats that are free and whose next entry may go, in the order in which they became so. */
  readonly ready: Set<Chat>
}

interface Chat {
  readonly key: string
  readonly device: Device
  readonly waiting: Array<LedgerEntry>
  busy: boolean
}

/** `mostBusy`: how many chats of a device may be claimed at a time. */
export const make = (mostBusy: number): Chats => {
  const devices = new Map<DeviceId, Device>()
  const chats = new Map<string, Chat>()
  const reserved = new Set<LedgerEntry>()
  const resting = new Map<LedgerEntry, number>()
  let busy = 0

  const deviceOf = (id: DeviceId): Device => {
    let device = devices.get(id)
    if (device === undefined) {
      device = { busy: 0, ready: new Set() }
      devices.set(id, device)
    }
    return device
  }
  const chatOf = (entry: LedgerEntry): Chat => {
    const key = `${entry.device} ${entry.subject}`
    let chat = chats.get(key)
    if (chat === undefined) {
      chat = { key, device: deviceOf(entry.device), waiting: [], busy: false }
      chats.set(key, chat)
    }
    return chat
  }

  /** After every change: may its next entry go, or is it of no more use? */
  const review = (chat: Chat) => {
    const [next] = chat.waiting
    if (next === undefined && !chat.busy) chats.delete(chat.key)
    if (next === undefined || chat.busy || reserved.has(next) || resting.has(next)) chat.device.ready.delete(chat)
    else chat.device.ready.add(chat)
  }
  const setBusy = (chat: Chat, to: boolean) => {
    if (chat.busy === to) return
    chat.busy = to
    chat.device.busy += to ? 1 : -1
    busy += to ? 1 : -1
  }

  const enqueue = (entry: LedgerEntry) => {
    const chat = chatOf(entry)
    const { waiting } = chat
    let at = waiting.length
    while (at > 0 && waiting[at - 1]!.position > entry.position) at--
    waiting.splice(at, 0, entry)
    review(chat)
  }

  return {
    claim: (entry) => {
      const chat = chatOf(entry)
      if (chat.busy || chat.waiting.length > 0 || chat.device.busy >= mostBusy) return false
      setBusy(chat, true)
      return true
    },
    reserve: (entry) => {
      reserved.add(entry)
      enqueue(entry)
    },
    admit: (entry) => {
      reserved.delete(entry)
      review(chatOf(entry))
    },
    withdraw: (entry) => {
      reserved.delete(entry)
      resting.delete(entry)
      const chat = chatOf(entry)
      const at = chat.waiting.indexOf(entry)
      if (at >= 0) chat.waiting.splice(at, 1)
      review(chat)
    },
    enqueue,
    rest: (entry, until) => {
      resting.set(entry, until)
      enqueue(entry)
    },
    rouse: (now) => {
      for (const [entry, until] of resting) {
        if (until > now) continue
        resting.delete(entry)
        review(chatOf(entry))
      }
    },
    release: (entry) => {
      const chat = chatOf(entry)
      setBusy(chat, false)
      review(chat)
    },
    takeNext: ({ device: id }) => {
      const device = devices.get(id)
      if (device === undefined || device.ready.size === 0 || device.busy >= mostBusy) return undefined
      const [chat] = device.ready
      const entry = chat!.waiting.shift()
      setBusy(chat!, true)
      review(chat!)
      return entry
    },
    takeAll: (isOver) => {
      const taken: Array<LedgerEntry> = []
      for (const chat of chats.values()) {
        for (let i = chat.waiting.length - 1; i >= 0; i--) {
          const entry = chat.waiting[i]!
          if (reserved.has(entry) || !isOver(entry)) continue
          resting.delete(entry)
          taken.push(...chat.waiting.splice(i, 1))
        }
        review(chat)
      }
      return taken
    },
    underway: () => busy
  }
}
