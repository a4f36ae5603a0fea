import { generateKeyPairSync, randomUUID, sign, verify } from "node:crypto"
import { createServer } from "node:http"
import { promisify } from "node:util"
import { filled, openTable, rowBytes } from "./FloorTables.ts"

/**
 * The same durable work with no framework and no meaning: parse, three group-committed durable transactions of rows as
 * large as the product's, two Ed25519 signatures made and verified asynchronously, answer. What the product is measured
 * against. Over EVENTSTORE_URL the log's two writes are appends there; over NATS_URL what was signed is published there
 * before it goes on.
 */
const [folder = "."] = process.argv.slice(2)
const signAsync = promisify(sign) as (algorithm: null, data: Buffer, key: object) => Promise<Buffer>
const verifyAsync = promisify(verify) as (
  algorithm: null,
  data: Buffer,
  key: object,
  signature: Buffer
) => Promise<boolean>

const { EVENTSTORE_URL, NATS_URL } = process.env

/** An append of one event to a stream of its own, by the client's default path: the fastest that it has. */
const openLog = async (url: string) => {
  const { EventStoreDBClient, jsonEvent } = await import("@eventstore/db-client")
  const client = EventStoreDBClient.connectionString(url)
  return async (id: string, data: string) => {
    await client.appendToStream(`floor-${id.replace("/", "-")}`, jsonEvent({ type: "row", data: { data } }), {
      expectedRevision: "no_stream"
    })
  }
}

/** Waits for the server's acknowledgement, as the product does. */
const openBus = async (url: string) => {
  const { connect } = await import("nats")
  const connection = await connect({ servers: url })
  await (await connection.jetstreamManager()).streams.add({ name: "floor", subjects: ["floor.>"] })
  const stream = connection.jetstream()
  return async (subject: string, msgID: string, data: string) => {
    await stream.publish(`floor.${subject}`, data, { msgID })
  }
}

const publish = NATS_URL === undefined ? async () => {} : await openBus(NATS_URL)
const log = EVENTSTORE_URL === undefined ? openTable(folder, "floor-log.db") : await openLog(EVENTSTORE_URL)
const ledger = openTable(folder, "floor-ledger.db")
const gateway = generateKeyPairSync("ed25519")
const agent = generateKeyPairSync("ed25519")

const pass = async (keys: typeof gateway, data: string) => {
  const bytes = Buffer.from(data)
  const signature = await signAsync(null, bytes, keys.privateKey)
  if (!(await verifyAsync(null, bytes, keys.publicKey, signature))) throw new Error("the signature does not hold")
}

const server = createServer((request, response) => {
  const chunks: Array<Buffer> = []
  request.on("data", (chunk) => chunks.push(chunk))
  request.on("end", async () => {
    const asked = JSON.parse(Buffer.concat(chunks).toString())
    const id = randomUUID()
    const queued = JSON.stringify({ id, ...asked, status: "queued" })
    await log(`${id}/queued`, filled(queued, rowBytes.queued))
    await pass(gateway, queued)
    await publish("commands", `${id}:1`, filled(queued, rowBytes.queued))
    await ledger(id, filled(queued, rowBytes.attempting))
    await pass(agent, id)
    await publish("reports", `${id}:2`, filled(queued, rowBytes.sent))
    await log(`${id}/sent`, filled(JSON.stringify({ id, status: "sent" }), rowBytes.sent))
    const body = JSON.stringify({ id, ...asked, status: "sent" })
    response.writeHead(201, { "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body)
  })
})
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: (server.address() as { readonly port: number }).port }))
})
