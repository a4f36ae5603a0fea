import { once } from "node:events"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { type Server, ServerCredentials } from "@grpc/grpc-js"

export interface Connections {
  readonly port: number
  /** Resets every connection, as a killed server's system does. */
  readonly drop: () => void
  readonly close: () => void
}

/** Takes the connections itself: so they can be dropped, or never spoken on. Rejects on a port in use. */
export const listen = async (server: Server, port: number, isMute: () => boolean): Promise<Connections> => {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
  const sockets = new Set<Socket>()
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
    socket.on("error", () => {}) // the client is gone
    if (isMute()) socket.resume()
    else injector.injectConnection(socket)
  })
  await once(listener.listen(port, "127.0.0.1"), "listening")
  const drop = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    port: (listener.address() as AddressInfo).port,
    drop,
    close: () => {
      listener.close()
      drop()
    }
  }
}
