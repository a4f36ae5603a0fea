import { randomUUID } from "node:crypto"
import { createServer } from "node:http"
import { initAuthCreds, makeWASocket } from "@whiskeysockets/baileys"
import { pino } from "pino"
import { memoryKeys } from "#infra/whatsapp/simulator/MemoryKeys.ts"
import "#infra/whatsapp/baileys/QuietLibsignal.ts"
import { filled, openTable, rowBytes } from "./FloorTables.ts"
import { steer } from "./Simulator.ts"
import { tellUsage } from "./Usage.ts"

/**
 * Bare Baileys behind bare HTTP: its keys in memory, the server's acknowledgement awaited, and the three group-committed
 * durable writes of a confirmed send. Has itself paired by the simulator, and prints its port.
 */
const [folder = ".", waWebSocketUrl = "", controlUrl = "", phone = ""] = process.argv.slice(2)
const log = openTable(folder, "floor-log.db")
const ledger = openTable(folder, "floor-ledger.db")
const auth = { creds: initAuthCreds(), keys: memoryKeys() }
const acknowledged = new Map<string, () => void>()

const dial = () => {
  const sock = makeWASocket({ auth, waWebSocketUrl, logger: pino({ level: "silent" }), markOnlineOnConnect: false })
  sock.ws.on("CB:ack,class:message", ({ attrs }: { readonly attrs: Readonly<Record<string, string>> }) => {
    acknowledged.get(attrs.id!)?.()
    acknowledged.delete(attrs.id!)
  })
  sock.ev.on("creds.update", (update) => void Object.assign(auth.creds, update))
  sock.ev.on("connection.update", ({ connection, qr }) => {
    if (qr !== undefined) void steer(controlUrl, "scan", { qr, phone })
    if (connection === "close") current = dial() // as the server asks every newly paired client to
    if (connection === "open") listen()
  })
  return sock
}
let current = dial()

const send = async (to: string, text: string) => {
  const messageId = `3EB0${randomUUID().replaceAll("-", "").slice(0, 18).toUpperCase()}`
  const acknowledgement = new Promise<void>((resolve) => acknowledged.set(messageId, resolve))
  await current.sendMessage(`${to.slice(1)}@s.whatsapp.net`, { text }, { messageId })
  await acknowledgement
}

const server = createServer((request, response) => {
  const chunks: Array<Buffer> = []
  request.on("data", (chunk) => chunks.push(chunk))
  request.on("end", async () => {
    const asked = JSON.parse(Buffer.concat(chunks).toString())
    const id = randomUUID()
    await log(`${id}/queued`, filled(JSON.stringify({ id, ...asked, status: "queued" }), rowBytes.queued))
    await ledger(id, filled(JSON.stringify({ id, ...asked, status: "attempting" }), rowBytes.attempting))
    await send(asked.to, asked.content.text)
    await log(`${id}/sent`, filled(JSON.stringify({ id, status: "sent" }), rowBytes.sent))
    const body = JSON.stringify({ id, ...asked, status: "sent" })
    response.writeHead(201, { "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body)
  })
})
const listen = () =>
  server.listen(0, "127.0.0.1", () => {
    console.log(JSON.stringify({ port: (server.address() as { readonly port: number }).port }))
  })

tellUsage()
