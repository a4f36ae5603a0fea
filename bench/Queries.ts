import { mkdtempSync, rmSync } from "node:fs"
import { Agent, get } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { key, pairedDevice, request } from "./Callers.ts"
import { longLog } from "./LongLog.ts"
import { type Load, load, serve } from "./Processes.ts"

/**
 * What the dashboard asks, one question after the other as one page does it, of a gateway with a long log, while messages
 * come in. Each is asked in turns, so that none has a better time than the others.
 */
const targetMs = 50
const patienceMillis = 900_000
const incoming = 64
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

interface Answer {
  readonly status: number
  readonly millis: number
  readonly body: string
}

const ask = (port: number, path: string) =>
  new Promise<Answer>((resolve, reject) => {
    const begun = performance.now()
    get({ port, path, agent, host: "127.0.0.1", headers: { authorization: `Bearer ${key}` } }, (response) => {
      const parts: Array<Buffer> = []
      response.on("data", (part: Buffer) => parts.push(part))
      response.on("end", () => {
        const body = Buffer.concat(parts).toString()
        resolve({ status: response.statusCode!, millis: performance.now() - begun, body })
      })
    }).on("error", reject)
  })

const json = async <A>(port: number, path: string) => JSON.parse((await ask(port, path)).body) as A

/** Until lists are answered: the rows are made from the log first. */
const written = async (port: number) => {
  const begun = performance.now()
  while ((await ask(port, "/v1/messages?limit=1")).status !== 200) {
    if (performance.now() - begun > patienceMillis) throw new Error("lists are not answered")
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  return performance.now() - begun
}

interface Page {
  readonly items: ReadonlyArray<{ readonly id: string }>
  readonly next: string | null
}

/** Where a reader is who has gone on for some pages. */
const farPage = async (port: number, path: string, pages: number) => {
  let after = ""
  for (let page = 0; page < pages; page++) {
    const { next } = await json<Page>(port, `${path}${after}`)
    if (next === null) break
    after = `&after=${encodeURIComponent(next)}`
  }
  return `${path}${after}`
}

/** By what it shows, with its address; what needs something that is not there is left out. */
const questions = async (port: number): Promise<ReadonlyArray<readonly [string, string]>> => {
  const messages = await json<Page>(port, "/v1/messages?limit=50")
  const devices = await json<Page>(port, "/v1/devices")
  const chats = await json<Page>(port, "/v1/chats?limit=50")
  const [message, chat] = [messages.items[0]!.id, chats.items[0]?.id]
  const device = devices.items.at(-1)!.id // of the log, not of those that come in
  const ago = (hours: number) => encodeURIComponent(new Date(Date.now() - hours * 3_600_000).toISOString())
  return [
    ["nothing that is read: what waiting costs", "/health"],
    ["messages", "/v1/messages?limit=50"],
    ["messages, page 40", await farPage(port, "/v1/messages?limit=200", 40)],
    ["messages that wait", "/v1/messages?status=queued&limit=200"],
    ["messages under way", "/v1/messages?status=attempting&limit=200"],
    ["messages that failed", "/v1/messages?status=failed&limit=50"],
    ["messages of a device", `/v1/messages?device=${device}&limit=50`],
    ["messages of a device that failed", `/v1/messages?device=${device}&status=failed&limit=50`],
    ["messages of a device that arrived", `/v1/messages?device=${device}&status=delivered&limit=50`],
    ["a message", `/v1/messages/${message}`],
    ["a message's events", `/v1/messages/${message}/events`],
    ["chats", "/v1/chats?limit=50"],
    ["chats of a device", `/v1/chats?device=${device}&limit=50`],
    ...(chat === undefined
      ? []
      : ([
          ["a chat", `/v1/chats/${chat}`],
          ["a chat's messages", `/v1/chats/${chat}/messages?limit=50`]
        ] as const)),
    ["devices", "/v1/devices"],
    ["a device", `/v1/devices/${device}`],
    ["a device's history", `/v1/devices/${device}/history`],
    ["endpoints", "/v1/endpoints"],
    ["statistics, an hour", `/v1/statistics?step=minute&from=${ago(1)}`],
    ["statistics, a day", `/v1/statistics?step=hour&from=${ago(24)}`],
    ["statistics, a week", `/v1/statistics?step=hour&from=${ago(168)}`],
    ["clients", "/v1/clients"],
    ["agents", "/v1/agents"],
    ["targets", "/v1/targets"],
    ["the audit's head", "/v1/audit/head"],
    ["the access log", "/v1/access-log?limit=50"],
    ["erasures", "/v1/erasures"],
    ["health", "/health/detailed"]
  ]
}

const at = (sorted: ReadonlyArray<number>, share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0

/** `folder`: one that `bench/long-log.ts` made, which is written to; without, one is made and goes. */
export const measure = async (
  {
    folder: kept,
    messages,
    perSecond,
    seconds
  }: { readonly folder?: string | undefined; messages: number; perSecond: number; seconds: number },
  note: (line: string) => void
) => {
  const folder = kept ?? mkdtempSync(join(tmpdir(), "homing-bench-queries-"))
  if (kept === undefined) await Effect.runPromise(longLog(folder, messages))
  const gateway = await serve("../dist/bench-gateway.js", { folder })
  try {
    note(`rows are there after ${Math.round((await written(gateway.port)) / 1_000)} s`)
    const all: Array<readonly [string, string]> = []
    for (const one of await questions(gateway.port)) {
      const { status } = await ask(gateway.port, one[1])
      if (status === 200) all.push(one)
      else note(`${one[0]}: ${status}, left out`)
    }
    const device = await pairedDevice(gateway)
    const taken = new Map(all.map(([name]) => [name, [] as Array<number>]))
    let isOver = false
    const asking = async () => {
      while (!isOver) {
        for (const [name, path] of all) {
          if (isOver) return
          const { millis, status } = await ask(gateway.port, path)
          if (status !== 200) throw new Error(`${name}: ${status}`)
          taken.get(name)!.push(millis)
        }
      }
    }
    const coming: Promise<Load | undefined> =
      perSecond === 0
        ? new Promise((resolve) => setTimeout(() => resolve(undefined), seconds * 1_000))
        : load(gateway.port, incoming, seconds, { ...request(device, 512), perSecond })
    const [came] = await Promise.all([coming.finally(() => (isOver = true)), asking()])
    const results = [...taken].map(([name, millis]) => {
      const sorted = millis.toSorted((a, b) => a - b)
      return { name, asked: sorted.length, p50Ms: at(sorted, 0.5), p99Ms: at(sorted, 0.99) }
    })
    const over = results.filter(({ p99Ms }) => p99Ms > targetMs).map(({ name }) => name)
    return { messages, seconds, perSecond: came?.rps ?? 0, sendP99Ms: came?.p99Ms ?? 0, over, results }
  } finally {
    agent.destroy()
    await gateway.stop()
    if (kept === undefined) rmSync(folder, { recursive: true, force: true })
  }
}
