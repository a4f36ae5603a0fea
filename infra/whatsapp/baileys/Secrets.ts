import { createHash } from "node:crypto"
import { proto } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { base64url, fromBase64url } from "#domain/Bytes.ts"
import type { SentMessage } from "#domain/ports/WhatsApp.ts"
import type { Notes } from "./AuthState.ts"
import { secretOf } from "./heard/Secretly.ts"
import { unwrapped } from "./heard/Unwrapped.ts"
import type { Rows } from "./Opened.ts"

/**
 * The secrets of messages: what is said of them later, a vote in a poll, an edit, opens with these alone. Of those that were
 * heard they stand in the session's file; of those that were sent, in the bytes that were sent.
 */
export interface Secrets {
  /**
   * What is to be written with the message, so that its secret is known once the message is. `beside`: what is written with
   * it of other messages. Does not throw.
   */
  readonly rowsFor: (waMessageId: string, plain: Uint8Array, beside?: Rows) => Rows
  /** Those of messages with this id: ids are made by whoever sends, and may be the same. Without those that cannot be read. */
  readonly of: (waMessageId: string) => Promise<ReadonlyArray<Uint8Array>>
}

/**
 * Rows that take a few each, in one of them by its id: so nothing has to be read to know what there is, and nothing to be
 * counted to bound it. What is edited is edited within a quarter of an hour; a poll stays open.
 */
const heard = { type: "message-secret", rows: 512 }
const polls = { type: "poll-secret", rows: 256 }
const mostInRow = 8

type Shelf = typeof heard
/** The oldest first. */
type Row = ReadonlyArray<readonly [name: string, secret: string]>

const digestOf = (waMessageId: string) => createHash("sha256").update(waMessageId).digest()
const nameOf = (digest: Buffer) => base64url(digest.subarray(0, 16))
const rowIn = ({ rows }: Shelf, digest: Buffer) => String(digest.readUInt32BE(28) % rows)

export const make = (
  notes: Pick<Notes, "get">,
  sent: (waMessageId: string) => Promise<SentMessage | undefined>
): Secrets => {
  const entriesIn = (shelf: Shelf, digest: Buffer): Row => (notes.get(shelf.type, rowIn(shelf, digest)) ?? []) as Row

  const ofSent = async (waMessageId: string): Promise<Uint8Array | undefined> => {
    const message = await sent(waMessageId)
    const bytes = message && (await Effect.runPromise(message.bytes))
    return bytes && secretOf(proto.Message.decode(bytes))
  }

  return {
    rowsFor: (waMessageId, plain, beside = {}) => {
      try {
        const message = proto.Message.decode(plain)
        const secret = secretOf(message)
        if (secret === undefined) return {}
        const shelf = unwrapped(message)?.name.startsWith("pollCreationMessage") ? polls : heard
        const digest = digestOf(waMessageId)
        const entry = [nameOf(digest), base64url(secret)] as const
        const before = (beside[shelf.type]?.[rowIn(shelf, digest)] as Row | undefined) ?? entriesIn(shelf, digest)
        const others = before.filter(([name, other]) => name !== entry[0] || other !== entry[1])
        return { [shelf.type]: { [rowIn(shelf, digest)]: [...others, entry].slice(-mostInRow) } }
      } catch {
        return {}
      }
    },
    of: async (waMessageId) => {
      const digest = digestOf(waMessageId)
      const name = nameOf(digest)
      const found: Array<Uint8Array> = []
      try {
        for (const [other, secret] of [heard, polls].flatMap((shelf) => entriesIn(shelf, digest))) {
          if (other === name) found.push(fromBase64url(secret))
        }
        const own = await ofSent(waMessageId)
        if (own !== undefined) found.push(own)
      } catch {} // what was found before is good all the same
      return found
    }
  }
}
