import type { EventEmitter } from "node:events"
import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"

/**
 * Frames that are written in one turn leave the process together: each alone is a call of the system. Who wrote one goes on
 * at once. That nothing of it has left yet, nobody is told: only the server's word on it counts.
 */
export const gatherWrites = (ws: EventEmitter): void => {
  ws.on("upgrade", ({ socket }: Pick<IncomingMessage, "socket">) => gather(socket))
}

type Write = (chunk: Uint8Array | string, ...rest: ReadonlyArray<unknown>) => boolean

const gather = (socket: Socket): void => {
  const write = socket.write.bind(socket) as Write
  let isGathering = false
  const leaveTogether = () => {
    if (isGathering) return
    isGathering = true
    socket.cork()
    setImmediate(() => {
      isGathering = false
      socket.uncork()
    })
  }
  const gathered: Write = (chunk, ...rest) => {
    leaveTogether()
    const written = rest.at(-1)
    if (typeof written !== "function") return write(chunk, ...rest)
    process.nextTick(written)
    return write(chunk, ...rest.slice(0, -1))
  }
  socket.write = gathered as Socket["write"]
}
