import { createHmac, randomUUID, timingSafeEqual } from "node:crypto"
import { createServer, type IncomingMessage } from "node:http"
import { Pool } from "undici"
import { openTable } from "./FloorTables.ts"
import { tellUsage } from "./Usage.ts"

/**
 * Meta's webhooks with no framework and no meaning: the signature is verified, the body parsed, and then it is either kept,
 * in one durable transaction with what else came meanwhile, or handed on to whoever listens at a port, and kept nowhere.
 */
const [folder = ".", secret = "", destination = ""] = process.argv.slice(2)
const keep = openTable(folder, "floor-ingest.db")
const pool = new Pool(`http://127.0.0.1:${destination || "1"}`, { connections: 128, pipelining: 1 })

const forward = async (body: Buffer, signature: string) => {
  const headers = { "content-type": "application/json", "x-meta-signature-256": signature }
  const answer = await pool.request({ method: "POST", path: "/hook", headers, body })
  await answer.body.dump()
  return answer.statusCode
}

const bodyOf = async (request: IncomingMessage) => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const statusOf = async (request: IncomingMessage) => {
  const body = await bodyOf(request)
  const signature = String(request.headers["x-hub-signature-256"])
  const expected = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`
  if (!timingSafeEqual(Buffer.from(signature), Buffer.from(expected))) return 401
  const text = body.toString()
  if (JSON.parse(text).object !== "whatsapp_business_account") return 422
  if (destination !== "") return forward(body, signature)
  await keep(randomUUID(), text)
  return 200
}

tellUsage()
const answer = '{"ok":true}'
const server = createServer(async (request, response) => {
  const status = await statusOf(request)
  response.writeHead(status, { "content-type": "application/json", "content-length": answer.length }).end(answer)
})
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: (server.address() as { readonly port: number }).port }))
})
