import { createHmac, randomBytes } from "node:crypto"
import type { BinaryNode } from "@whiskeysockets/baileys"

/** What WhatsApp keeps, and offers at each login, until it is acknowledged under its id. */
export const isOffered = ({ attrs, tag }: BinaryNode): boolean =>
  attrs.id !== undefined && (tag === "message" || tag === "receipt" || tag === "notification" || tag === "call")

const digestKey = randomBytes(32) // of one process, so that a digest in a log says nothing about a number

/** The same for each offer of a stanza: of the words that WhatsApp knows it by, whatever was done to its content. */
export const digestOf = ({ attrs, tag }: BinaryNode): string => {
  const { offline: _, ...words } = attrs
  return createHmac("sha256", digestKey)
    .update(JSON.stringify([tag, words]))
    .digest("hex")
    .slice(0, 16)
}

/** Which stanzas a device's connections ended over. */
export interface Suspects {
  /** Something threw while this was handled. */
  readonly blame: (stanza: BinaryNode) => void
  /** A connection ended without a word why; this was heard shortly before. */
  readonly suspect: (stanza: BinaryNode) => void
  /** The next connection would end over it, too. */
  readonly areCertainOf: (stanza: BinaryNode) => boolean
}

const certain = 4
const blamed = 2
const mostRemembered = 256

export const make = (): Suspects => {
  const weights = new Map<string, number>()

  const add = (stanza: BinaryNode, weight: number) => {
    const digest = digestOf(stanza)
    const known = weights.get(digest) ?? 0
    weights.delete(digest)
    weights.set(digest, known + weight)
    for (const oldest of weights.keys()) if (weights.size > mostRemembered) weights.delete(oldest)
  }

  return {
    blame: (stanza) => add(stanza, blamed),
    suspect: (stanza) => add(stanza, 1),
    areCertainOf: (stanza) => weights.size > 0 && (weights.get(digestOf(stanza)) ?? 0) >= certain
  }
}
