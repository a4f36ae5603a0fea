import type { BinaryNode, WASocket } from "@whiskeysockets/baileys"
import { mostOpened } from "./Opened.ts"

type Line = WASocket["ws"]

/** Stanzas that are handed on, each in its turn, when somebody holds what it says. */
export interface HeldStanzas {
  /**
   * `hear` begins when those before it were heard, and answers with what resolves when somebody holds what it says, or with
   * nothing where it is to be offered again. `handOn` comes after that of those before it, if the line still stands. What
   * nobody will hold is not handed on, and holds up nobody: it is offered again.
   */
  readonly hold: (stanza: BinaryNode, hear: () => Promise<Taken | undefined>, handOn: HandOn) => void
}

type HandOn = () => void | Promise<void>

export interface Taken {
  /** Whether all that it says is held. */
  readonly taken: Promise<boolean>
}

/**
 * Stands before whoever listens to these stanzas: from now on they hear what they are handed. Baileys acknowledges a stanza
 * as soon as it has it, and WhatsApp never offers it again after that.
 */
export const standBefore = (ws: Line, tag: "call" | "message" | "notification") => {
  const listeners = ws.listeners(`CB:${tag}`)
  ws.removeAllListeners(`CB:${tag}`)
  return (stanza: BinaryNode): void => {
    for (const listener of listeners) listener(stanza)
  }
}

export interface Options {
  /** This stanza could not be borne. */
  readonly breach: (cause: unknown, stanza: BinaryNode) => void
  /** It would not be borne this time either: whoever it is handed to sets it aside. */
  readonly isCertain: (stanza: BinaryNode) => boolean
}

export const make = (ws: Line, { breach, isCertain }: Options): HeldStanzas => {
  let hearing: Promise<unknown> = Promise.resolve()
  let handing: Promise<unknown> = Promise.resolve()
  /** Of those that somebody does not hold yet, the oldest first. */
  const waiting: Array<Promise<unknown>> = []

  const turn = async (stanza: BinaryNode, hear: () => Promise<Taken | undefined>, handOn: HandOn): Promise<void> => {
    if (waiting.length >= mostOpened / 2) await waiting[0]
    if (!ws.isOpen) return // unheard, it is offered again
    const held = await hear()
    if (held === undefined) return
    const { taken } = held
    waiting.push(taken)
    handing = Promise.all([taken, handing])
      .then(([isHeld]) => {
        waiting.shift()
        return isHeld && ws.isOpen ? handOn() : undefined
      })
      .catch((cause) => breach(cause, stanza))
  }

  return {
    hold: (stanza, hear, handOn) => {
      if (isCertain(stanza)) return void handOn()
      hearing = hearing.then(() => turn(stanza, hear, handOn)).catch((cause) => breach(cause, stanza))
    }
  }
}
