import type { Socket } from "node:net"

/** What is open of one exchange: it ends with it. */
export class Connections {
  readonly #sockets: Array<Socket> = []
  #ending: AbortController | undefined
  isOver = false

  hold<S extends Socket>(socket: S): S {
    socket.on("error", () => {}) // told where it is awaited
    this.#sockets.push(socket)
    if (this.isOver) socket.destroy()
    return socket
  }

  /** For what is no connection. */
  get ended(): AbortSignal {
    this.#ending ??= new AbortController()
    if (this.isOver) this.#ending.abort()
    return this.#ending.signal
  }

  end(): void {
    this.isOver = true
    for (const socket of this.#sockets.toReversed()) socket.destroy()
    this.#ending?.abort()
  }
}
