import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { firstDevice, key, pairedDevice, request } from "./Callers.ts"
import { ask, load, median, type Server, serve } from "./Processes.ts"
import { type Simulator, simulate, steer } from "./Simulator.ts"

/**
 * Confirmed sends through Baileys to the simulator, beside bare Baileys in the same run. Both have written to everybody
 * before; CPU is the server's own, for one message.
 */
export interface Level {
  readonly connections: number
  readonly rps: number
  readonly floorRps: number
  readonly p50Ms: number
  readonly floorP50Ms: number
  readonly cpuMs: number
  readonly floorCpuMs: number
  /** The median of the rounds' own ratios: of speed (p50) at one connection, otherwise of throughput. */
  readonly ratio: number
}

const levels = [1, 8, 32]
const phones = { floor: "15550001", product: "15550002", installed: "15550003" }
/** More than there are connections, since a chat takes one message at a time. */
const recipients = 64
const warmSeconds = 10

const scanner =
  ({ controlUrl }: Simulator, phone: string) =>
  (qr: string) =>
    steer(controlUrl, "scan", { qr, phone })

export const measure = async (rounds: number, seconds: number, note: (line: string) => void) => {
  const simulator = await simulate()
  const floor = await serve("floor-baileys.ts", { args: [simulator.url, simulator.controlUrl, phones.floor] })
  const product = await serve("../dist/bench-gateway.js", { env: { WHATSAPP_URL: simulator.url } })
  const asked = request(await pairedDevice(product, scanner(simulator, phones.product)), recipients)
  for (const server of [floor, product]) await load(server.port, 32, warmSeconds, asked)

  const one = async (server: Server, connections: number) => {
    const before = (await ask(server)).cpuMs
    const loaded = await load(server.port, connections, seconds, asked)
    return { ...loaded, cpuMs: ((await ask(server)).cpuMs - before) / loaded.answered }
  }
  const measured = new Map(levels.map((level) => [level, [] as Array<Round>]))
  for (let round = 1; round <= rounds; round++) {
    for (const connections of levels) {
      const first = await one(round % 2 === 0 ? floor : product, connections)
      const second = await one(round % 2 === 0 ? product : floor, connections)
      const [ofProduct, ofFloor] = round % 2 === 0 ? [second, first] : [first, second]
      measured.get(connections)!.push({ product: ofProduct, floor: ofFloor })
      note(
        `round ${round}, ${connections} connections: ${ofProduct.rps.toFixed(0)} of ${ofFloor.rps.toFixed(0)} req/s, CPU ${ofProduct.cpuMs.toFixed(2)} of ${ofFloor.cpuMs.toFixed(2)} ms`
      )
    }
  }
  await floor.stop()
  await product.stop()
  const rssMb = await memory(simulator)
  simulator.stop()
  return { results: levels.map((level) => summarise(level, measured.get(level)!)), rssMb }
}

type Measured = { readonly rps: number; readonly p50Ms: number; readonly cpuMs: number }
type Round = { readonly product: Measured; readonly floor: Measured }

const summarise = (connections: number, rounds: ReadonlyArray<Round>): Level => {
  const of = (pick: (round: Round) => number) => median(rounds.map(pick))
  return {
    connections,
    rps: of(({ product }) => product.rps),
    floorRps: of(({ floor }) => floor.rps),
    p50Ms: of(({ product }) => product.p50Ms),
    floorP50Ms: of(({ floor }) => floor.p50Ms),
    cpuMs: of(({ product }) => product.cpuMs),
    floorCpuMs: of(({ floor }) => floor.cpuMs),
    ratio: of(({ floor, product }) => (connections === 1 ? floor.p50Ms / product.p50Ms : product.rps / floor.rps))
  }
}

const sends = 2_000
/** No more than may be asked about at once. */
const recipientsOfOne = 8
const noLimits = { RATE_LIMIT_MESSAGES: "0", RATE_LIMIT_SENDS_PER_DEVICE: "0", RATE_LIMIT_ADDRESS: "0" }

/** What `npm start` runs, with its defaults, holds after its sends: resident, in MB. */
export const memory = async (simulator: Simulator) => {
  const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8"))
  const [, ...args] = (scripts.start as string).replace(/^exec /, "").split(" ")
  const folder = mkdtempSync(join(tmpdir(), "homing-bench-"))
  const child = spawn(process.execPath, args, {
    cwd: join(import.meta.dirname, ".."),
    env: {
      ...process.env,
      ...noLimits,
      API_KEY: key,
      LOG_LEVEL: "error",
      DATA_DIR: folder,
      PORT: "0",
      WHATSAPP_URL: simulator.url
    },
    stdio: ["ignore", "pipe", "inherit"]
  })
  let port = 0
  for await (const line of createInterface({ input: child.stdout })) {
    port = Number(/http:\/\/[^:]+:(\d+)/.exec(line)?.[1] ?? 0)
    if (port > 0) break
  }
  const asked = request(await firstDevice({ port }, scanner(simulator, phones.installed)), recipientsOfOne)
  for (let sent = 0; sent < sends; ) sent += (await load(port, 8, 2, asked)).answered
  const ps = spawn("ps", ["-o", "rss=", "-p", String(child.pid)], { stdio: ["ignore", "pipe", "inherit"] })
  const [kilobytes] = await once(ps.stdout, "data")
  child.kill("SIGKILL")
  await once(child, "exit")
  rmSync(folder, { recursive: true, force: true })
  return Number(String(kilobytes)) / 1024
}
