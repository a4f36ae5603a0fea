import type { EventEmitter } from "node:events"
import { type BinaryNode, decodeBinaryNode } from "@whiskeysockets/baileys"
import { cutFrames } from "./Frames.ts"
import type { TransportKey } from "./TransportKey.ts"
import { readHead } from "./UnreadStanza.ts"

/** Follows a connection's frames beside Baileys, so that one which Baileys cannot read is known nevertheless. */
export interface UnreadFrames {
  /** These bytes have come. */
  readonly arrive: (bytes: Buffer) => void
  /** Baileys has read a frame. */
  readonly read: () => void
  /** Baileys could not read one. False when no frame explains that; else it goes on with what came behind. */
  readonly failed: () => Promise<boolean>
}

type Arrived = { readonly n: number; readonly frame: Buffer; tried: boolean }

export const make = (
  ws: EventEmitter,
  key: TransportKey,
  unreadable: (stanza: BinaryNode | undefined) => void
): UnreadFrames => {
  let rest: Buffer = Buffer.alloc(0)
  let next = -1 // the first is the server's part of the handshake
  let waiting: Array<Arrived> = []
  let unread = 0
  let toFail = 0

  const passed = () => {
    unread -= 1
    if (unread <= 0) waiting = []
  }

  const tryOne = async (arrived: Arrived) => {
    if (arrived.tried) return
    arrived.tried = true
    const bytes = key.open(arrived.frame, arrived.n)
    const isReadable = await decodeBinaryNode(bytes).then(
      () => true,
      () => false
    )
    if (isReadable) return
    toFail += 1
    unreadable(await readHead(bytes))
  }

  return {
    arrive: (bytes) => {
      const cut = cutFrames(rest.byteLength === 0 ? bytes : Buffer.concat([rest, bytes]))
      rest = cut.rest
      for (const frame of cut.frames) {
        if (next >= 0) waiting.push({ n: next, frame, tried: false })
        next += 1
        unread += 1
      }
    },

    read: passed,

    failed: async () => {
      try {
        for (const arrived of [...waiting]) await tryOne(arrived)
      } catch {
        return false
      }
      if (toFail === 0) return false
      toFail -= 1
      passed()
      ws.emit("message", Buffer.alloc(0)) // Baileys has dropped the frame, and would wait for bytes before it goes on
      return true
    }
  }
}
