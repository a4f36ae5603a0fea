import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { Usage } from "./Usage.ts"

const here = import.meta.dirname

/** As an installation is run that shall stay small: it costs about a quarter of the throughput. See docs/operations.md. */
export const smallHeap = ["--max-semi-space-size=2", "--max-old-space-size=64", "--no-maglev"]

export interface Server {
  readonly port: number
  readonly process: ChildProcess
  /** From spawning to the line that says it is ready. */
  readonly readyMs: number
  readonly stop: () => Promise<void>
}

export interface ServeOptions {
  /** One that is there, and stays; otherwise it is new, and goes with the server. */
  readonly folder?: string
  readonly flags?: ReadonlyArray<string>
  readonly args?: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}

/** What it says when it is ready; what it says before is why it never will be. */
const announced = async (script: string, child: ChildProcess): Promise<{ readonly port: number }> => {
  for await (const line of createInterface({ input: child.stdout! })) {
    if (line.startsWith("{")) return JSON.parse(line)
    process.stderr.write(`${line}\n`)
  }
  throw new Error(`${script} ended before it was ready`)
}

/** A server process on a fresh folder, ready when it has printed its port. */
export const serve = async (
  script: string,
  { args = [], env = {}, flags = [], folder: kept }: ServeOptions = {}
): Promise<Server> => {
  const folder = kept ?? mkdtempSync(join(tmpdir(), "homing-bench-"))
  const begun = performance.now()
  const child = spawn(process.execPath, [...flags, join(here, script), folder, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit", "ipc"]
  })
  const { port } = await announced(script, child)
  const readyMs = performance.now() - begun
  return {
    port,
    process: child,
    readyMs,
    stop: async () => {
      if (child.exitCode === null && child.kill("SIGKILL")) await once(child, "exit")
      if (kept === undefined) rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** From spawning `homing start`, on a fresh folder, to the line with its address. In milliseconds. */
export const startUp = async (): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), "homing-bench-"))
  const begun = performance.now()
  const child = spawn(process.execPath, [join(here, "../services/cli/homing.ts"), "start"], {
    env: { ...process.env, DATA_DIR: folder, PORT: "0", LOG_LEVEL: "error" },
    stdio: ["ignore", "pipe", "inherit"]
  })
  for await (const line of createInterface({ input: child.stdout! })) if (line.includes("http://")) break
  const readyMs = performance.now() - begun
  child.kill("SIGTERM") // an orderly end writes the compile cache
  await once(child, "exit")
  rmSync(folder, { recursive: true, force: true })
  return readyMs
}

export interface Load {
  readonly answered: number
  readonly rps: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly failures: Record<string, number>
}

/** Runs a load generator as a process of its own. Any answer that it does not expect is an error of the benchmark. */
export const load = async (
  port: number,
  connections: number,
  seconds: number,
  request: object,
  generator = "load.ts"
): Promise<Load> => {
  const args = [join(here, generator), String(port), String(connections), String(seconds), JSON.stringify(request)]
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] })
  const [line] = await once(createInterface({ input: child.stdout! }), "line")
  const result: Load = JSON.parse(line)
  if (Object.keys(result.failures).length > 0 || result.answered === 0) {
    throw new Error(`the load met other answers than it expects: ${line}`)
  }
  return result
}

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Asks a server process what it has used so far. */
export const ask = async (server: Server): Promise<Usage> => {
  server.process.send("how are you")
  const [usage] = await once(server.process, "message")
  return usage
}
