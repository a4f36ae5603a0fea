import type { EventEmitter } from "node:events"
import type { BinaryNode } from "@whiskeysockets/baileys"
import { within } from "./Containment.ts"
import { isMiswritten } from "./PlainNodes.ts"
import { isOffered, type Suspects } from "./Suspects.ts"
import type { TransportKey } from "./TransportKey.ts"
import * as UnreadFrames from "./UnreadFrames.ts"

export interface StanzaGuard {
  /** What was heard last and is offered again unless it is acknowledged, the latest last. */
  readonly heard: () => ReadonlyArray<BinaryNode>
  /**
   * Nothing is handed on any more, and whoever waits for an answer, or begins to, hears that the line is closed: Baileys
   * would let them wait for a minute, with all that waits behind them.
   */
  readonly end: () => void
}

const mostHeard = 8
const offered = ["message", "receipt", "notification", "call"]

/**
 * Stands between the line and Baileys' listeners, all of which it must know: what one of them throws, at once or as a
 * promise, is a `breach` over the stanza that it was handed. Stanzas that `suspects` are certain of are not handed to
 * them, nor are those that they would answer by another id. Whoever listens later hears all the same.
 */
export const guard = (
  ws: EventEmitter,
  options: {
    readonly key: TransportKey
    readonly suspects: Suspects
    readonly breach: (cause: unknown, stanza: BinaryNode | undefined) => void
    /** It is to be acknowledged in Baileys' place. `undefined` when not even its id can be read. */
    readonly setAside: (stanza: BinaryNode | undefined) => void
    /** It is to be acknowledged in Baileys' place, and nothing is wrong with it. */
    readonly answer: (stanza: BinaryNode) => void
  }
): StanzaGuard => {
  const { answer, breach, key, setAside, suspects } = options
  const frames = UnreadFrames.make(ws, key, setAside)
  let current: BinaryNode | undefined
  let heard: Array<BinaryNode> = []
  let ended = false

  const attempt = (work: () => unknown, failed: (cause: unknown) => void) => {
    try {
      const outcome = work()
      if (outcome instanceof Promise) outcome.catch(failed)
    } catch (cause) {
      failed(cause)
    }
  }

  for (const tag of offered) {
    const listeners = ws.listeners(`CB:${tag}`)
    ws.removeAllListeners(`CB:${tag}`)
    ws.on(`CB:${tag}`, (stanza: BinaryNode) => {
      if (suspects.areCertainOf(stanza)) return setAside(stanza)
      if (isMiswritten(stanza)) return answer(stanza)
      if (isOffered(stanza)) heard = [...heard.slice(1 - mostHeard), stanza]
      for (const listener of listeners)
        attempt(
          () => listener(stanza),
          (cause) => breach(cause, stanza)
        )
    })
  }

  const { off, on } = ws
  const waiting = new Set<() => void>() // Baileys' own end takes them off and tells them nothing
  ws.on = (event, listener) => {
    if (event === "close" && ended) queueMicrotask(listener as () => void)
    if (event === "close" && !ended) waiting.add(listener as () => void)
    return on.call(ws, event, listener)
  }
  ws.off = (event, listener) => {
    if (event === "close") waiting.delete(listener as () => void)
    return off.call(ws, event, listener)
  }

  ws.emit = (event, ...args) => {
    if (ended && event !== "close" && event !== "error") return false
    if (event === "message") frames.arrive(args[0])
    if (event === "frame") {
      frames.read()
      current = args[0] instanceof Uint8Array ? undefined : args[0]
    }
    if (ws.listenerCount(event) === 0) return false // of most of the names that each stanza has
    const listeners = ws.rawListeners(event)
    const stanza = event === "message" ? undefined : current
    const failed = (cause: unknown) => breach(cause, stanza)
    const unread = (cause: unknown) =>
      void frames.failed().then((isExplained) => {
        if (!isExplained) breach(cause, undefined)
      })
    within(failed, () => {
      for (const listener of listeners)
        attempt(() => Reflect.apply(listener, ws, args), event === "message" ? unread : failed)
    })
    return true
  }

  return {
    heard: () => heard,
    end: () => {
      ended = true
      for (const listener of [...waiting]) attempt(listener, () => {})
    }
  }
}
