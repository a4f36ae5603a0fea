import { Effect } from "effect"
import type { Crypto } from "../ports/Crypto.ts"
import { isSignedBy, type Note, type NoteKey, noteIn } from "./Note.ts"
import { hashBytes, type Sized } from "./Tree.ts"

/** A tree head: which log, how many leaves, and their root. What is signed is a C2SP tlog-checkpoint. */
export interface TreeHead extends Sized {
  /** A name of the log that is its alone. */
  readonly origin: string
}

/** The text of a note that says it. */
export const headText = ({ origin, root, size }: TreeHead): string => `${origin}\n${size}\n${root.toBase64()}\n`

/** What a note's text says; lines behind the third are allowed and say nothing here. */
export const headIn = (text: string): TreeHead | undefined => {
  const [origin = "", count = "", base64 = "", ...more] = text.split("\n")
  if (origin === "" || more.pop() !== "" || more.includes("")) return undefined
  if (!/^(0|[1-9]\d{0,15})$/.test(count) || !/^[A-Za-z0-9+/]{43}=$/.test(base64)) return undefined
  const [size, root] = [Number(count), Uint8Array.fromBase64(base64)]
  return Number.isSafeInteger(size) && root.length === hashBytes && root.toBase64() === base64
    ? { origin, size, root }
    : undefined
}

/** A head that was signed, and the note that says so. */
export interface SignedHead {
  readonly head: TreeHead
  readonly note: Note
}

/**
 * Reads a note and believes it: `undefined` unless it is a tree head of this log, signed by one of these keys of its own.
 * Give keys under the log's origin as their name.
 */
export const openHead = (
  crypto: Crypto["Service"],
  text: string,
  origin: string,
  keys: ReadonlyArray<NoteKey>
): Effect.Effect<SignedHead | undefined> => {
  const note = noteIn(text)
  const head = note && headIn(note.text)
  if (note === undefined || head === undefined || head.origin !== origin) return Effect.undefined
  return Effect.map(
    Effect.forEach(keys, (key) => isSignedBy(crypto, note, key)),
    (answers) => (answers.includes(true) ? { head, note } : undefined)
  )
}
