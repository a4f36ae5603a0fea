import { connect } from "node:net"

/** Posts over keep-alive connections, on bare sockets so that it costs the machine little. */
export interface Posting {
  readonly port: number
  readonly connections: number
  readonly seconds: number
  /** The whole of request number `n`, head and body. */
  readonly request: (n: number) => string
  /** The answer that is none of the benchmark's errors. */
  readonly expected: number
  /** So many begin, whatever became of those before; otherwise a connection begins the next when it has its answer. */
  readonly perSecond?: number | undefined
  /** It ends when so many were answered, if that is before its time is over. */
  readonly atMost?: number | undefined
}

/** Times in milliseconds: from when a request was due, which it is at once where no rate is given. */
export const post = async ({
  atMost = Number.POSITIVE_INFINITY,
  connections,
  expected,
  perSecond,
  port,
  request,
  seconds
}: Posting) => {
  const latencies: Array<number> = []
  const failures = new Map<number, number>()
  let sent = 0
  let stopped = false
  const due: Array<number> = []
  const idle: Array<() => void> = []

  const loop = () =>
    new Promise<void>((done) => {
      const socket = connect(port, "127.0.0.1", () => next())
      socket.setNoDelay(true)
      let begun = 0
      let received = ""
      const next = () => {
        const isDue = perSecond === undefined ? performance.now() : due.shift()
        if (sent >= atMost || (stopped && sent >= connections && (perSecond === undefined || isDue === undefined))) {
          socket.destroy()
          return done()
        }
        if (isDue === undefined) return void idle.push(next)
        begun = isDue
        socket.write(request(sent++))
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
        if (status === expected) latencies.push(performance.now() - begun)
        else failures.set(status, (failures.get(status) ?? 0) + 1)
        next()
      })
      socket.on("close", () => done())
      socket.on("error", () => done())
    })

  const begun = performance.now()
  let asked = 0
  const offering = setInterval(() => {
    if (perSecond === undefined || stopped) return
    for (; asked < ((performance.now() - begun) / 1_000) * perSecond; asked++) {
      due.push(begun + (asked / perSecond) * 1_000)
      idle.shift()?.()
    }
  }, 1)
  const over = setTimeout(() => {
    stopped = true
    for (const next of idle.splice(0)) next()
  }, seconds * 1_000)
  await Promise.all(Array.from({ length: connections }, loop))
  clearInterval(offering)
  clearTimeout(over)
  const elapsed = (performance.now() - begun) / 1_000
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return {
    answered: latencies.length,
    rps: latencies.length / elapsed,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    failures: Object.fromEntries(failures)
  }
}
