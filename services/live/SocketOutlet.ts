import type { Socket } from "node:net"
import { Exit } from "effect"
import type { WebSocket } from "ws"
import { Later } from "#domain/Later.ts"
import { after } from "#domain/Timer.ts"
import type { Dialect } from "./Dialect.ts"
import { drained, littleBytes, stuck } from "./Draining.ts"
import type { Ending, Outlet } from "./Outlet.ts"

/** The far side may come again, with 1012 and 1013; with 4401 it had better not. */
const closeCodes: Readonly<Record<Ending, number>> = {
  shutting_down: 1012,
  key_changed: 1012,
  too_slow: 1013,
  internal: 1011,
  unauthorized: 4401
}
/** For its far side to read why, and to close its own end. */
const lingerMillis = 1_000

export const close = (socket: WebSocket, code: number, reason: string): void => {
  if (socket.readyState !== socket.OPEN) return // once is enough, whatever is still said
  socket.close(code, reason)
  const cut = after(lingerMillis, () => socket.terminate()).unref()
  socket.once("close", () => cut.stop())
}

/** A WebSocket, over this connection. */
export const make = (socket: WebSocket, connection: Socket, { marked, said }: Dialect): Outlet => {
  const closed = new Later<void>()
  socket.once("close", () => closed.tell(Exit.void))
  const pendingBytes = () => connection.writableLength
  const isStuck = stuck(connection)
  let last: string | undefined | null = null
  let isHeard = true
  socket.on("pong", () => {
    isHeard = true
  })
  const send = (words: Buffer | string | undefined) => {
    if (words !== undefined) socket.send(words, { binary: false })
  }
  return {
    give: (frame) => send(said(frame)),
    show: (_, event) => {
      if (pendingBytes() < littleBytes) send(event)
    },
    mark: (cursor) => {
      if (cursor !== last) send(marked(cursor, last === null))
      if (last !== null) {
        isHeard = false
        socket.ping()
      }
      last = cursor
    },
    pendingBytes,
    drained: drained(connection, pendingBytes),
    isStuck: () => isStuck() || !isHeard,
    end: (why) => close(socket, closeCodes[why], why),
    gone: closed.told
  }
}
