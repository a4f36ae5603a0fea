import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { assert, it } from "@effect/vitest"
import { WebSocket, WebSocketServer } from "ws"
import { close } from "./SocketOutlet.ts"

it("a socket is closed once, however often it gives reason to", async () => {
  const server = new WebSocketServer({ port: 0 })
  await once(server, "listening")
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const [socket] = (await once(server, "connection")) as [WebSocket]
  const before = socket.listenerCount("close")
  for (let n = 0; n < 100; n++) close(socket, 4422, "invalid_request")
  assert.strictEqual(socket.listenerCount("close"), before + 1)
  const [code] = await once(client, "close")
  assert.strictEqual(code, 4422)
  server.close()
})
