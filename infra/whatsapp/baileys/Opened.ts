import { createHash } from "node:crypto"
import "./QuietLibsignal.ts"
import type { SignalDataSet, WASocket } from "@whiskeysockets/baileys"
import { after } from "#domain/Timer.ts"
import type { Notes } from "./AuthState.ts"
import { BoundedMap } from "./BoundedMap.ts"

type Repository = WASocket["signalRepository"]

/**
 * What others have sent, opened, for as long as nobody holds it. A key opens once: who died between opening and telling
 * would be offered the message again, and nothing would open it any more. So what was opened is written down with the use
 * of the key, in one commit, and the next life finds it. What did not open here opens for nobody else: Baileys would
 * acknowledge what nobody was told, instead of asking for it again.
 */
export interface Opened {
  /**
   * Opens as Baileys' own does, and keeps what it opened, with the rows that go beside it. `opened` hears of it each time,
   * and must not throw.
   */
  readonly reading: (opened: (plain: Uint8Array) => Rows) => Repository
  /** Baileys is given this instead of what was opened. */
  readonly replace: (ciphertext: Uint8Array, plain: Uint8Array) => void
  /** Somebody holds what was opened of these. Baileys is given it once more, for itself, and then it is forgotten. */
  readonly release: (ciphertexts: ReadonlyArray<Uint8Array>) => void
}

/** By type and id. */
export type Rows = { readonly [type: string]: { readonly [id: string]: unknown } }

/** As many at a time as may wait to be held. */
export const mostOpened = 32
/** What lives before have left is kept beside that: the server may offer it again behind all that came since. */
const mostKept = 8 * mostOpened
const type = "opened"
/** What is forgotten leaves the disk with the next that is opened, or after this. */
const wipeAfterMs = 1_000

interface Kept {
  readonly name: string
  readonly plain: Uint8Array
}
interface Slot extends Kept {
  isHeld: boolean
}

const nameOf = (ciphertext: Uint8Array) => createHash("sha256").update(ciphertext).digest("base64url")
const slotNames = Array.from({ length: mostKept }, (_, n) => String(n))

/** For one connection: from now on Baileys' repository gives what is kept before it uses a key. */
export const make = ({ authState: { keys }, signalRepository }: WASocket, notes: Pick<Notes, "get">): Opened => {
  const slots = new Map<string, Slot>()
  for (const slot of slotNames) {
    const kept = notes.get(type, slot) as Kept | undefined
    if (kept !== undefined) slots.set(slot, { ...kept, isHeld: false })
  }
  const unwiped = new Set<string>()
  /** Why something did not open, the last time that it was tried. */
  const failures = new BoundedMap<{ readonly cause: unknown }>(mostKept)

  const write = async (rows: { readonly [slot: string]: Kept | null }, beside: Rows = {}) =>
    keys.set({ ...beside, [type]: rows } as unknown as SignalDataSet) // the file takes more than Baileys has types for

  const wiping = () => {
    const rows = Object.fromEntries([...unwiped].map((slot) => [slot, null]))
    unwiped.clear()
    return rows
  }
  const wipe = after(wipeAfterMs, () => {
    if (unwiped.size > 0) write(wiping()).catch(() => {}) // the connection is over: the next one knows them, and wipes
  })
  wipe.unref()

  const find = (name: string) => [...slots].find(([, slot]) => slot.name === name)
  const forget = (slot: string) => {
    slots.delete(slot)
    unwiped.add(slot)
    wipe.restart()
  }

  /** A free one, or that of what was opened first: nobody has asked for it since. */
  const place = () => slotNames.find((slot) => !slots.has(slot)) ?? slots.keys().next().value!

  const keeping = (
    ciphertext: Uint8Array,
    chat: string,
    { open, opened }: { readonly open: () => Promise<Uint8Array>; readonly opened: (plain: Uint8Array) => Rows }
  ): Promise<Uint8Array> => {
    const name = nameOf(ciphertext)
    return keys.transaction(async () => {
      const known = find(name)
      if (known !== undefined) {
        opened(known[1].plain)
        return known[1].plain
      }
      const plain = await open().catch((cause) => {
        failures.set(name, { cause })
        throw cause
      })
      failures.delete(name)
      const slot = place()
      const rows = wiping()
      slots.delete(slot)
      slots.set(slot, { name, plain, isHeld: false }) // before it is written: another chat may look for a place meanwhile
      try {
        await write({ ...rows, [slot]: { name, plain } }, opened(plain))
      } catch (cause) {
        if (slots.get(slot)?.name === name) slots.delete(slot)
        throw cause
      }
      return plain
    }, chat)
  }

  const recall = (ciphertext: Uint8Array): Uint8Array | undefined => {
    if (slots.size + failures.size === 0) return undefined
    const name = nameOf(ciphertext)
    const failure = failures.get(name)
    if (failure !== undefined) throw failure.cause
    const found = find(name)
    if (found === undefined) return undefined
    const [slot, { isHeld, plain }] = found
    if (isHeld) forget(slot)
    return plain
  }

  const { decryptGroupMessage, decryptMessage } = signalRepository
  signalRepository.decryptMessage = async (sent) => recall(sent.ciphertext) ?? decryptMessage(sent)
  signalRepository.decryptGroupMessage = async (sent) => recall(sent.msg) ?? decryptGroupMessage(sent)

  return {
    reading: (opened) => ({
      ...signalRepository,
      decryptMessage: (sent) => keeping(sent.ciphertext, sent.jid, { opened, open: () => decryptMessage(sent) }),
      decryptGroupMessage: (sent) => keeping(sent.msg, sent.group, { opened, open: () => decryptGroupMessage(sent) })
    }),
    replace: (ciphertext, plain) => {
      const [slot, kept] = find(nameOf(ciphertext)) ?? []
      if (slot !== undefined && kept !== undefined) slots.set(slot, { ...kept, plain })
    },
    release: (ciphertexts) => {
      for (const ciphertext of ciphertexts) {
        const found = find(nameOf(ciphertext))
        if (found !== undefined) found[1].isHeld = true
      }
    }
  }
}
