/**
 * A target of routes: takes what Meta told, each thing once, whatever is restarted or comes again. Its own record is a file
 * here; a database with a unique column for `webhook-id` is the same. Needs no packages.
 *
 *   SECRET=whsec_… PORT=8090 node receiver.ts taken.jsonl                 a target with the unit `change`
 *   GATEWAY_SECRET=… PORT=8090 node receiver.ts taken.jsonl               one with the unit `raw`
 *
 * With APP_SECRET, the app's own, a `raw` one also verifies what Meta signed.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto"
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs"
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http"

const [file = "taken.jsonl"] = process.argv.slice(2)
const { APP_SECRET: appSecret, GATEWAY_SECRET: gatewaySecret, PORT: port = "8090", SECRET: secret } = process.env
if (secret === undefined && gatewaySecret === undefined) throw new Error("SECRET or GATEWAY_SECRET is needed")

/** Longer than anything that Meta sends. */
const longest = 4 * 1024 * 1024
/** What is older was recorded by somebody, and is sent once more by them. */
const toleranceSeconds = 300

/** What was taken before. A last line that a crash has cut short was not. */
const taken = new Set<string>()
const written = existsSync(file) ? readFileSync(file) : Buffer.alloc(0)
const intact = written.subarray(0, written.lastIndexOf("\n") + 1)
for (const line of intact.toString().split("\n")) if (line !== "") taken.add(JSON.parse(line).id)
if (intact.length < written.length) truncateSync(file, intact.length)
const record = openSync(file, "a")

const textOf = (headers: IncomingHttpHeaders, name: string) => {
  const value = headers[name]
  return typeof value === "string" ? value : ""
}
/** In the same time for whatever is said. */
const isSame = (one: string, other: string) => {
  const [a, b] = [one, other].map((text) => createHash("sha256").update(text).digest())
  return timingSafeEqual(a!, b!)
}

/** As Standard Webhooks has it: any of the signatures, over the bytes, not long ago. */
const isSigned = (headers: IncomingHttpHeaders, body: Buffer, key: string) => {
  const [id, seconds] = [textOf(headers, "webhook-id"), textOf(headers, "webhook-timestamp")]
  if (!(Math.abs(Date.now() / 1_000 - Number(seconds)) <= toleranceSeconds)) return false
  const mac = createHmac("sha256", Buffer.from(key.replace("whsec_", ""), "base64"))
  const code = `v1,${mac.update(`${id}.${seconds}.`).update(body).digest("base64")}`
  return textOf(headers, "webhook-signature")
    .split(" ")
    .some((one) => isSame(one, code))
}

const isOfGateway = (headers: IncomingHttpHeaders, body: Buffer) => {
  if (secret !== undefined) return isSigned(headers, body, secret)
  if (!isSame(textOf(headers, "x-gateway-secret"), gatewaySecret!)) return false
  if (appSecret === undefined) return true
  const code = createHmac("sha256", appSecret).update(body).digest("hex")
  return isSame(textOf(headers, "x-meta-signature-256"), `sha256=${code}`)
}

const bodyOf = async (request: IncomingMessage) => {
  const chunks: Array<Buffer> = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > longest) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * Verified before it is read; taken once for each `webhook-id`; answered with 2xx when it is on disk, and not before: what is
 * not answered comes again, under the same id.
 */
const answerTo = async (request: IncomingMessage) => {
  const body = await bodyOf(request)
  if (body === undefined) return 413
  const id = textOf(request.headers, "webhook-id")
  if (id === "" || !isOfGateway(request.headers, body)) return 401
  if (taken.has(id)) return 204
  writeSync(record, `${JSON.stringify({ id, said: JSON.parse(body.toString("utf8")) })}\n`)
  fsyncSync(record)
  taken.add(id)
  return 204
}

const server = createServer((request, response) => {
  answerTo(request).then(
    (status) => response.writeHead(status).end(),
    () => response.writeHead(500).end()
  )
})
const end = () => server.close(() => closeSync(record))
process.on("SIGTERM", end).on("SIGINT", end)
server.listen(Number(port), "127.0.0.1")
