import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { type Step, steps } from "#domain/ports/Steps.ts"
import type { FaultsPatch } from "#infra/whatsapp/simulator/Faults.ts"
import { readRecord } from "#infra/whatsapp/simulator/Record.ts"
import { call, control, pause } from "./Caller.ts"
import { type Dice, dice } from "./Dice.ts"
import { judge, type Verdict } from "./Judge.ts"
import { type Life, lives } from "./Lives.ts"
import type { Sabotage } from "./Sabotage.ts"
import type { Orders } from "./System.ts"
import { isFinal, type Traffic, traffic } from "./Traffic.ts"

export interface Options {
  /** At least so many messages. */
  readonly sends: number
  /** Kills at random times. */
  readonly kills: number
  /** Kills at each of these steps, each with a message in flight. */
  readonly steps: ReadonlyArray<Step>
  readonly perStep: number
  readonly seed: number
  readonly sabotage: Sabotage | undefined
  readonly reconciled: boolean
  /** How long the bus takes to hand a command over. */
  readonly busMillis: number
  readonly faults: FaultsPatch
  /** How long, after the last kill, every message may take to be settled. */
  readonly patienceMillis: number
  readonly progress: (line: string) => void
}

export interface Report extends Verdict {
  readonly seed: number
  readonly sends: number
  readonly kills: number
  readonly hitsPerStep: Readonly<Partial<Record<Step, number>>>
  /** Messages by what was last said of them. */
  readonly statuses: Readonly<Record<string, number>>
  /** Messages that had no verdict when patience ended. */
  readonly unsettled: number
  /** Requests that got no answer though the connection held. */
  readonly hung: number
  readonly seconds: number
}

const apiKey = "a-key-for-this-run-only"
const account = "60129999999"
/** A kill that does not come at its step within this time is given up, and planned again. */
const stepPatienceMillis = 20_000

const startSimulator = async (record: string) => {
  const main = join(import.meta.dirname, "../../infra/whatsapp/simulator/main.ts")
  const child: ChildProcess = spawn(process.execPath, [main, "--port", "0", "--record", record], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const [line] = await once(createInterface({ input: child.stdout! }), "line")
  const { controlUrl, url } = JSON.parse(line) as { readonly url: string; readonly controlUrl: string }
  return { url, controlUrl, stop: () => void child.kill("SIGKILL") }
}

const pair = async (url: string, controlUrl: string): Promise<string> => {
  const created = await call(url, apiKey, "POST", "/v1/devices", { name: "crash", pairing: "qr" })
  if (created === undefined || created === "hung" || created.status !== 201) throw new Error("no device was created")
  const { id } = created.body
  let scanned = false
  for (;;) {
    const found = await call(url, apiKey, "GET", `/v1/devices/${id}`)
    if (found === undefined || found === "hung") throw new Error("the system died while a device was paired")
    if (found.body.state === "connected") return id
    if (!scanned && found.body.qr !== undefined) {
      await control(controlUrl, "/scan", { qr: found.body.qr, phone: account })
      scanned = true
    }
    await pause(50)
  }
}

/** A kill to come: at a step, or at any time. */
type Plan = Step | "any"

const plan = ({ kills, perStep, steps }: Options, chance: Dice): Array<Plan> =>
  chance.shuffled<Plan>([
    ...steps.flatMap((step) => Array.from({ length: perStep }, () => step)),
    ...Array.from({ length: kills }, () => "any" as const)
  ])

/** Kills the system again and again while it sends, then compares what it said with what the simulator wrote down. */
export const run = async (options: Options): Promise<Report> => {
  const { busMillis, progress, reconciled, sabotage, seed } = options
  const begun = performance.now()
  const folder = mkdtempSync(join(tmpdir(), "homing-crash-"))
  const recordFile = join(folder, "record.jsonl")
  const chance = dice(seed)
  const system = await lives(folder)
  const simulator = await startSimulator(recordFile)
  let whereNow: Promise<string | undefined> = Promise.resolve(undefined)

  const url = async (): Promise<string> => {
    for (;;) {
      const found = await whereNow
      if (found !== undefined) return found
      await pause(10)
    }
  }
  const begin = (death: Orders["death"]): Life => {
    const data = join(folder, "data")
    const orders = { folder: data, apiKey, webSocketUrl: simulator.url, sabotage, reconciled, busMillis, death }
    const life = system.begin(orders)
    whereNow = life.ready
    void life.died.then(() => {
      if (whereNow === life.ready) whereNow = Promise.resolve(undefined)
    })
    return life
  }

  const kill = async (target: Plan, sends: number, going: Traffic): Promise<boolean> => {
    const death = target === "any" ? undefined : { step: target, passing: chance.between(1, 3) }
    const after = chance.between(100, 2_000)
    const life = begin(death)
    going.want(sends)
    let alive = true
    void life.died.then(() => {
      alive = false
    })
    if (target === "any") await Promise.race([pause(after), life.died])
    const limit = performance.now() + stepPatienceMillis
    while (target !== "any" && alive && performance.now() < limit) {
      if (going.inFlight() === 0) going.want(1)
      await Promise.race([pause(20), life.died])
    }
    const hit = target === "any" || !alive
    const inFlight = going.inFlight()
    life.kill()
    await life.died
    return hit && inFlight > 0
  }

  const settle = async (going: Traffic) => {
    const limit = performance.now() + options.patienceMillis
    const last = begin(undefined)
    void last.ready.then(() => progress(`DBG ready ${elapsed(begun)}`))
    while (performance.now() < limit) {
      const open = going.sendings.filter((sending) => !isFinal(sending))
      progress(`DBG ${elapsed(begun)} ${going.sendings.length} ${open.map((s) => s.said.at(-1)?.status ?? "-").join(" ")}`)
      if (open.length === 0 && going.sendings.length > 0) break
      for (const sending of open) await going.ask(sending)
      await pause(100)
    }
    for (const sending of going.sendings) await going.ask(sending)
    return last
  }

  try {
    const first = begin(undefined)
    const device = await pair(await url(), simulator.controlUrl)
    await control(simulator.controlUrl, "/faults", options.faults)
    progress(`paired after ${elapsed(begun)}`)
    first.kill()
    await first.died

    const going = traffic({ seed, dice: chance, apiKey, device, url })
    const plans = plan(options, chance)
    const hits = new Map<Step, number>(options.steps.map((step) => [step, 0]))
    let kills = 1
    let missed = 0
    while (plans.length > 0) {
      const target = plans.pop()!
      const more = Math.ceil(Math.max(0, options.sends - going.sendings.length) / (plans.length + 1))
      const hit = await kill(target, more, going)
      kills++
      if (target !== "any") {
        if (hit) hits.set(target, hits.get(target)! + 1)
        else if (++missed < 3 * options.perStep) plans.splice(chance.below(plans.length + 1), 0, target)
      }
      const open = going.inFlight()
      progress(`${elapsed(begun)} kill ${kills} ${target}${hit ? "" : " (missed)"}: ${going.sendings.length} sent, ${open} open`)
    }
    await settle(going)
    await going.end()
    progress(`${elapsed(begun)} settled`)

    const statuses: Record<string, number> = {}
    for (const { said } of going.sendings) {
      const status = said.at(-1)?.status ?? "unanswered"
      statuses[status] = (statuses[status] ?? 0) + 1
    }
    return {
      seed,
      sends: going.sendings.length,
      kills,
      hitsPerStep: Object.fromEntries(hits),
      ...judge(going.sendings, readRecord(recordFile)),
      statuses,
      unsettled: going.inFlight(),
      hung: going.hung(),
      seconds: Math.round((performance.now() - begun) / 1_000)
    }
  } finally {
    await system.end()
    simulator.stop()
    if (process.env.KEEP===undefined) rmSync(folder, { recursive: true, force: true }); else console.error(folder)
  }
}

const elapsed = (begun: number) => `${((performance.now() - begun) / 1_000).toFixed(1)} s`
export const allSteps = steps
