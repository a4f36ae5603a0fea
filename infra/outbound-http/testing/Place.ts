import { connect, createServer, type Server, type Socket } from "node:net"
import { Effect } from "effect"
import type { Dial } from "../Dial.ts"

/** Somewhere on this machine to arrive at. */
export interface Place {
  readonly port: number
  /** Every connection that there was, open or not. */
  readonly connections: ReadonlyArray<Socket>
  /** What was asked, in order, each as it came. */
  readonly requests: ReadonlyArray<string>
}

export type Serve = (socket: Socket, request: string) => void

const lengthOf = (head: string) => Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1] ?? 0)

/** Calls when a whole request is there; latin1, so that each character is a byte. */
const onRequest = (socket: Socket, told: (request: string) => void) => {
  let text = ""
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1")
    const end = text.indexOf("\r\n\r\n")
    if (end < 0 || text.length < end + 4 + lengthOf(text.slice(0, end + 2))) return
    told(text)
    text = ""
  })
}

const listening = (server: Server) =>
  Effect.callback<number>((resume) => {
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as { port: number }).port)))
  })

/** `serve` hears each request; `greet` each connection. `make`: another kind of server. */
export const place = (
  serve: Serve,
  options: {
    readonly greet?: (socket: Socket) => void
    readonly make?: (told: (socket: Socket) => void) => Server
  } = {}
) =>
  Effect.gen(function* () {
    const connections: Array<Socket> = []
    const requests: Array<string> = []
    const open = new Set<Socket>()
    const told = (socket: Socket) => {
      socket.on("error", () => {})
      onRequest(socket, (request) => {
        requests.push(request)
        serve(socket, request)
      })
      options.greet?.(socket)
    }
    const server = (options.make ?? createServer)(told)
    server.on("connection", (socket: Socket) => {
      connections.push(socket)
      open.add(socket.on("error", () => {}).on("close", () => open.delete(socket)))
    })
    const port = yield* Effect.acquireRelease(listening(server), () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of open) socket.destroy()
      })
    )
    return { port, connections, requests } satisfies Place
  })

export const answer =
  (text: string): Serve =>
  (socket) =>
    void socket.write(text, "latin1")
export const accepted = answer("HTTP/1.1 204 No Content\r\n\r\n")

/** As much as is taken, for as long as it is. */
export const flood = (socket: Socket, start: string, more: string) => {
  const write = () => {
    while (!socket.destroyed && socket.write(more));
  }
  socket.write(start)
  socket.on("drain", write)
  write()
}

/** A network in which every address leads to one of these places, and looks as if it were that address. */
export const network =
  (leadsTo: (address: string, port: number) => Place): Dial =>
  (address, port) => {
    const socket = connect({ host: "127.0.0.1", port: leadsTo(address, port).port })
    Object.defineProperty(socket, "remoteAddress", { get: () => address })
    return socket
  }
