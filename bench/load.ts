import { connect, type Socket } from "node:net"

/**
 * A closed loop over keep-alive connections, on bare sockets so that it costs the machine little. Run as a process of
 * its own: `port connections seconds path headers-json recipients offset`. Prints one JSON line.
 */
const [port, connections, seconds, request] = process.argv.slice(2)
const { body, headers, path, recipients } = JSON.parse(request!) as {
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: { readonly [key: string]: unknown }
  readonly recipients: number
}

const run = process.hrtime.bigint().toString(36)
const headerLines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
let sent = 0
const latencies: Array<number> = []
const failures = new Map<number, number>()
let stopped = false

const write = (socket: Socket) => {
  const n = sent++
  const json = JSON.stringify({ ...body, to: `+60123${String(100_000 + (n % recipients))}` })
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\nidempotency-key: ${run}-${n}\r\n${headerLines.join("")}content-length: ${json.length}\r\n\r\n${json}`
  )
}

const loop = () =>
  new Promise<void>((done) => {
    const socket = connect(Number(port), "127.0.0.1", () => next())
    socket.setNoDelay(true)
    let begun = 0
    let received = ""
    const next = () => {
      if (stopped) {
        socket.destroy()
        return done()
      }
      begun = performance.now()
      write(socket)
    }
    socket.setEncoding("latin1")
    socket.on("data", (chunk: string) => {
      received += chunk
      const end = received.indexOf("\r\n\r\n")
      if (end < 0) return
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1])
      if (received.length < end + 4 + length) return
      const status = Number(received.slice(9, 12))
      received = ""
      if (status === 201) latencies.push(performance.now() - begun)
      else failures.set(status, (failures.get(status) ?? 0) + 1)
      next()
    })
    socket.on("error", () => done())
  })

const begun = performance.now()
setTimeout(() => {
  stopped = true
}, Number(seconds) * 1_000)
await Promise.all(Array.from({ length: Number(connections) }, loop))
const elapsed = (performance.now() - begun) / 1_000
const sorted = Float64Array.from(latencies).sort()
const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
console.log(
  JSON.stringify({
    answered: latencies.length,
    rps: latencies.length / elapsed,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    failures: Object.fromEntries(failures)
  })
)
