import { post } from "./Posting.ts"

/**
 * A closed loop of sends, or so many a second. Run as a process of its own: `port connections seconds` and a JSON of path, headers, body and
 * number of recipients. Prints one JSON line.
 */
const [port, connections, seconds, asked] = process.argv.slice(2)
const { body, headers, path, perSecond, recipients } = JSON.parse(asked!) as {
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: { readonly [key: string]: unknown }
  readonly recipients: number
  /** Without, a closed loop. */
  readonly perSecond?: number
}

const run = process.hrtime.bigint().toString(36)
const headerLines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)

const request = (n: number) => {
  const json = JSON.stringify({ ...body, to: `+60123${String(100_000 + (n % recipients))}` })
  return `POST ${path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\nidempotency-key: ${run}-${n}\r\n${headerLines.join("")}content-length: ${json.length}\r\n\r\n${json}`
}

const result = await post({
  port: Number(port),
  connections: Number(connections),
  seconds: Number(seconds),
  request,
  perSecond,
  expected: 201
})
console.log(JSON.stringify(result))
