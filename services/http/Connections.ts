import type { IncomingMessage, Server, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { after } from "#domain/Timer.ts"
import { connectionClosed } from "../telemetry/Metrics.ts"

/** For its far side to read what it was told. Whoever keeps on sending, or never closes, is not waited for any longer. */
const lingerMillis = 1_000

/** Closes a connection that was told no. What arrives until then is thrown away: unread, it would take the answer along. */
export const closeSoon = (socket: Duplex): void => {
  socket.resume()
  const cut = after(lingerMillis, () => socket.destroy())
  socket.once("close", () => cut.stop())
}

/** A request that was answered before all of it was here: the rest is not waited for without end. */
export const closeUnlessComplete = (request: IncomingMessage): void => {
  if (request.complete) return
  const cut = after(lingerMillis, () => {
    if (request.complete || request.socket.destroyed) return
    connectionClosed("unread_body")
    request.socket.destroy()
  })
  request.once("close", () => cut.stop())
}

/** Requests of one connection before their answers: each may be large, and whoever sends more reads none of them. */
const mostAtOnce = 32

/** Which of a server's connections wait for an answer. */
export interface Tracked {
  /** Closes those on which nothing is being answered, whatever may be on its way to them. */
  readonly closeIdle: () => void
  /** Requests that are being answered. */
  readonly requests: () => number
}

export const track = (server: Server): Tracked => {
  const open = new Map<Socket, number>()
  server.on("connection", (socket) => {
    open.set(socket, 0)
    socket.once("close", () => open.delete(socket))
  })
  const count = (socket: Socket, by: 1 | -1) => {
    const requests = open.get(socket)
    if (requests !== undefined) open.set(socket, requests + by)
  }
  // whose caller waits for `100 Continue` comes by an event of its own
  for (const event of ["request", "checkContinue"]) {
    server.on(event, ({ socket }: IncomingMessage, response: ServerResponse) => {
      count(socket, 1)
      if ((open.get(socket) ?? 0) > mostAtOnce) {
        connectionClosed("pipelined")
        socket.destroy()
      }
      response.once("close", () => count(socket, -1))
    })
  }
  return {
    closeIdle: () => {
      for (const [socket, requests] of open) if (requests === 0) socket.destroySoon()
    },
    requests: () => [...open.values()].reduce((all, of) => all + of, 0)
  }
}
