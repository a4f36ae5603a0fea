import { createHash } from "node:crypto"
import { proto, type SignalDataSet, type WASocket } from "@whiskeysockets/baileys"
import { fromBase64url } from "#domain/Bytes.ts"
import type { Heard } from "#domain/inbound/Heard.ts"
import { understood } from "#domain/inbound/Whole.ts"
import type { Notes } from "./AuthState.ts"
import { contentOf } from "./heard/Content.ts"
import { type AlsoKnown, personOf } from "./heard/People.ts"
import { secretNeededBy } from "./heard/Secretly.ts"
import type { Secrets } from "./Secrets.ts"

/**
 * What was said of a message in secret while the message was not there: it came later, or could not be read at first. It is
 * told as it came, and once more, opened, behind the message whose secret opens it.
 */
export interface Unopened {
  /**
   * Keeps what nothing opens. Durable when it resolves: that comes before it is told. Answers with it, opened, where the
   * secret came meanwhile.
   */
  readonly keep: (heard: Heard) => Promise<ReadonlyArray<Heard>>
  /** What was kept of what speaks of this message, as far as it opens now. */
  readonly of: (waMessageId: string) => Promise<ReadonlyArray<Heard>>
  /** It was told, opened. */
  readonly forget: (waMessageId: string) => Promise<void>
}

/** As the secrets: rows that take a few each, by the message of which they speak. The newest push the others out. */
const type = "unopened"
const rows = 64
const mostInRow = 8
/** In characters, as it is kept. */
const longest = 16_384

type Row = ReadonlyArray<readonly [target: string, heard: Heard]>

const rowOf = (target: string) => String(createHash("sha256").update(target).digest().readUInt32BE(0) % rows)

const rawIn = ({ content }: Heard): Uint8Array | undefined =>
  "raw" in content && content.raw !== undefined ? fromBase64url(content.raw) : undefined

/** Of which message it speaks, where nothing opens it yet. */
const targetOf = (heard: Heard): string | undefined => {
  const raw = understood(heard.content).isSealed ? rawIn(heard) : undefined
  return raw && secretNeededBy(proto.Message.decode(raw))
}

export const make = (
  { authState }: Pick<WASocket, "authState">,
  { alsoKnown, notes, secrets }: { readonly notes: Notes; readonly secrets: Secrets; readonly alsoKnown: AlsoKnown }
): Unopened => {
  const entriesIn = (row: string): Row => (notes.get(type, row) ?? []) as Row
  const write = async (row: string, entries: Row) =>
    authState.keys.set({ [type]: { [row]: entries.length === 0 ? null : entries } } as unknown as SignalDataSet) // the file takes more than Baileys has types for

  const opened = (heard: Heard, known: ReadonlyArray<Uint8Array>): ReadonlyArray<Heard> => {
    const { me } = authState.creds
    const own = me && personOf(me.id, me.lid)
    const raw = rawIn(heard)
    if (own === undefined || raw === undefined) return []
    const { chat, fromMe, sender } = heard
    const where = { chat, fromMe, sender, own, alsoKnown, byAdmin: false }
    const content = contentOf(proto.Message.decode(raw), where, { encoded: raw, secrets: known })
    return content === undefined || understood(content).isSealed ? [] : [{ ...heard, content }]
  }

  return {
    keep: async (heard) => {
      const target = targetOf(heard)
      if (target === undefined || JSON.stringify(heard).length > longest) return []
      const row = rowOf(target)
      const others = entriesIn(row).filter(([, other]) => other.waMessageId !== heard.waMessageId)
      await write(row, [...others, [target, heard] as const].slice(-mostInRow))
      return opened(heard, await secrets.of(target))
    },

    of: async (waMessageId) => {
      const kept = entriesIn(rowOf(waMessageId)).filter(([target]) => target === waMessageId)
      if (kept.length === 0) return []
      const known = await secrets.of(waMessageId)
      return kept.flatMap(([, heard]) => opened(heard, known))
    },

    forget: async (waMessageId) => {
      const row = rowOf(waMessageId)
      const entries = entriesIn(row)
      const others = entries.filter(([target]) => target !== waMessageId)
      if (others.length < entries.length) await write(row, others)
    }
  }
}

/** Tells it, and behind it what was said of it in secret before it was there. Whether all of that is held. */
export const tellingWith =
  (unopened: Unopened, take: (heard: Heard) => Promise<boolean>) =>
  async (heard: Heard, waMessageId: string): Promise<{ readonly taken: Promise<boolean> }> => {
    const meanwhile = await unopened.keep(heard)
    const later = [...meanwhile, ...(await unopened.of(waMessageId))]
    const taken = Promise.all([heard, ...later].map(take)).then((held) => !held.includes(false))
    if (later.length === 0) return { taken }
    return { taken: taken.then((isHeld) => isHeld && unopened.forget(waMessageId).then(() => true)) }
  }
