import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { key, pairedDevice } from "./Callers.ts"
import { ask, type Server, serve } from "./Processes.ts"

/**
 * `node bench/live.ts [FOLLOWERS]`: what so many who follow what happens cost at the head of the log. Half of them as
 * Server-Sent Events, half over WebSockets; they read and forget. Prints a line of JSON.
 */
const followers = Number(process.argv[2] ?? 2_000)
const messages = 20

const follow = async (server: Server, isSocket: boolean) => {
  const socket: Socket = connect(server.port, "127.0.0.1")
  const upgrade = isSocket
    ? "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    : ""
  socket.write(`GET /v1/live HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\n${upgrade}\r\n`)
  const counted = { sent: 0 }
  socket.on("data", (data) => {
    counted.sent += data.toString("latin1").split('"type":"homing.message.sent.v1"').length - 1
  })
  await once(socket, "data")
  return counted
}

const server = await serve("gateway.ts")
const device = await pairedDevice(server)
const idle = await ask(server)
const atOnce = 50
const counts: Array<Awaited<ReturnType<typeof follow>>> = []
while (counts.length < followers) {
  counts.push(...(await Promise.all(Array.from({ length: atOnce }, (_, n) => follow(server, n % 2 === 0)))))
}
const connected = await ask(server)
const begun = performance.now()
for (let n = 0; n < messages; n++) {
  const body = { device, to: "+60123456789", content: { type: "text", text: "x".repeat(1_000) } }
  const headers = { "x-api-key": key, "content-type": "application/json" }
  await fetch(`http://127.0.0.1:${server.port}/v1/messages`, { method: "POST", headers, body: JSON.stringify(body) })
}
while (counts.some(({ sent }) => sent < messages)) await new Promise((resume) => setTimeout(resume, 10))
const millis = Math.round(performance.now() - begun)
const told = await ask(server)
await server.stop()
const rounded = (mb: number) => Math.round(mb)
process.stdout.write(
  `${JSON.stringify({
    followers,
    idleMb: rounded(idle.rssMb),
    connectedMb: rounded(connected.rssMb - idle.rssMb),
    afterMb: rounded(told.rssMb - idle.rssMb),
    messages,
    millis,
    cpuMs: rounded(told.cpuMs - connected.cpuMs)
  })}\n`
)
process.exit(0)
