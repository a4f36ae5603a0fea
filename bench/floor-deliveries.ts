import { createHmac, generateKeyPairSync, randomUUID, sign } from "node:crypto"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { promisify } from "node:util"
import { Pool } from "undici"
import { openTable } from "./FloorTables.ts"
import { tellUsage } from "./Usage.ts"

/**
 * The same deliveries with no framework and no meaning: the log's events about messages are read, signed twice, posted, and
 * their outcome recorded in a transaction that is shared. `kept`: over connections that are kept, as nobody may who has to
 * vet each of them; `each`: over one for each.
 */
const [folder = ".", log = "", port = "", connections = "kept", mostAtOnce = "32"] = process.argv.slice(2)
const signAsync = promisify(sign) as (algorithm: null, data: Buffer, key: object) => Promise<Buffer>
const { privateKey } = generateKeyPairSync("ed25519")
const secret = Buffer.alloc(32, 7)
const outcomes = openTable(folder, "floor-deliveries.db")
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: Number(mostAtOnce), pipelining: 1 })

const deliver = async ({ data, event_id: id, type }: Record<string, unknown>) => {
  const body = JSON.stringify({ specversion: "1.0", id, type, data: JSON.parse(data as string) })
  const seconds = Math.floor(Date.now() / 1_000)
  const signed = Buffer.from(`${id}.${seconds}.${body}`)
  const code = createHmac("sha256", secret).update(signed).digest("base64")
  const signature = (await signAsync(null, signed, privateKey)).toString("base64")
  const headers = {
    "content-type": "application/cloudevents+json; charset=utf-8",
    "webhook-id": String(id),
    "webhook-timestamp": String(seconds),
    "webhook-signature": `v1,${code} v1a,${signature}`
  }
  const answer = await pool.request({ method: "POST", path: "/hook", headers, body, reset: connections === "each" })
  await answer.body.dump()
  await outcomes(randomUUID(), JSON.stringify({ id, status: answer.statusCode }))
}

tellUsage()
console.log(JSON.stringify({ port: 1 }))
const db = new DatabaseSync(join(log, "log.db"), { readOnly: true })
const page = db.prepare("SELECT * FROM events WHERE position > ? AND type LIKE 'message.%' ORDER BY position LIMIT 500")
let after = 0
let rows: Array<Record<string, unknown>> = []
const next = () => {
  if (rows.length === 0) rows = page.all(after).toReversed()
  const row = rows.pop()
  if (row !== undefined) after = Number(row.position)
  return row
}
const worker = async () => {
  for (let row = next(); row !== undefined; row = next()) await deliver(row)
}
await Promise.all(Array.from({ length: Number(mostAtOnce) }, worker))
await pool.close()
