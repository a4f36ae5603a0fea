import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Step } from "#domain/ports/Steps.ts"
import type { FaultsPatch } from "#infra/whatsapp/simulator/Faults.ts"
import { readRecord } from "#infra/whatsapp/simulator/Record.ts"
import { pause } from "./Caller.ts"
import { type Dice, dice } from "./Dice.ts"
import { judge, type Verdict } from "./Judge.ts"
import { type Life, lives } from "./Lives.ts"
import type { Sabotage } from "./Sabotage.ts"
import { simulation } from "./Simulation.ts"
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
  /** What WhatsApp may be like, by chance, for each life of the system. */
  readonly weather: ReadonlyArray<FaultsPatch>
  /** After the last kill, the run ends when all is settled, or when nothing has become settled for so long. */
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
  /** Times the system ended without being killed. */
  readonly collapses: number
  /** Requests that got no answer though the connection held. */
  readonly hung: number
  readonly seconds: number
}

const apiKey = "a-key-for-this-run-only"
/** A kill that has not come at its step by then is given up, and planned again. */
const stepPatienceMillis = 20_000

/** A kill to come: at a step, or at any time. */
type Plan = Step | "any"

const plan = ({ kills, perStep, steps }: Options, chance: Dice): Array<Plan> =>
  chance.shuffled<Plan>([
    ...steps.flatMap((step) => Array.from({ length: perStep }, () => step)),
    ...Array.from({ length: kills }, () => "any" as const)
  ])

/** Kills the system again and again while it sends, then compares what it said with what the simulator wrote down. */
export const run = async (options: Options): Promise<Report> => {
  const { busMillis, perStep, reconciled, sabotage, seed, sends } = options
  const begun = performance.now()
  const elapsed = () => (performance.now() - begun) / 1_000
  const progress = (line: string) => options.progress(`${elapsed().toFixed(1).padStart(6)} s  ${line}`)
  const folder = mkdtempSync(join(tmpdir(), "homing-crash-"))
  const chance = dice(seed)
  const system = await lives()
  const simulator = await simulation(folder)
  let whereNow: Promise<string | undefined> = Promise.resolve(undefined)

  const begin = (death?: Orders["death"]): Life => {
    const data = join(folder, "data")
    const life = system.begin({
      folder: data,
      apiKey,
      webSocketUrl: simulator.url,
      sabotage,
      reconciled,
      busMillis,
      death
    })
    whereNow = life.ready
    void life.died.then(() => {
      if (whereNow === life.ready) whereNow = Promise.resolve(undefined)
    })
    return life
  }

  const killAtAnyTime = async () => {
    const life = begin()
    const isEarly = chance.below(4) === 0
    if (!isEarly) await life.ready
    await pause(chance.below(isEarly ? 500 : 1_500))
    life.kill()
    await life.died
  }

  /** Whether it died there, with a message in flight. */
  const killAt = async (step: Step, going: Traffic): Promise<boolean> => {
    const life = begin({ step, passing: chance.between(1, 3) })
    let alive = true
    void life.died.then(() => {
      alive = false
    })
    const limit = performance.now() + stepPatienceMillis
    while (alive && performance.now() < limit) {
      if (going.inFlight() === 0) going.want(going.sendings.length + 1)
      await pause(10)
    }
    const hit = !alive && going.inFlight() > 0
    life.kill()
    await life.died
    return hit
  }

  const settle = async (going: Traffic) => {
    going.want(sends)
    begin()
    const settled = () => going.sendings.length - going.inFlight()
    let [before, since] = [settled(), performance.now()]
    while (
      (going.sendings.length < sends || going.inFlight() > 0) &&
      performance.now() - since < options.patienceMillis
    ) {
      for (const sending of going.sendings.filter((one) => !isFinal(one))) await going.ask(sending)
      await pause(100)
      if (settled() > before) [before, since] = [settled(), performance.now()]
    }
    for (const sending of going.sendings) await going.ask(sending)
    await going.end()
  }

  try {
    const first = begin()
    const url = await first.ready
    if (url === undefined) throw new Error("the system does not start")
    const device = await simulator.pair(url, apiKey)
    progress("a device is paired")
    first.kill()
    await first.died

    const going = traffic({ seed, dice: chance, apiKey, device, url: () => whereNow })
    const plans = plan(options, chance)
    const hits = new Map<Step, number>(options.steps.map((step) => [step, 0]))
    let kills = 1
    for (let misses = 0; plans.length > 0 && misses <= 3 * perStep; kills++) {
      await simulator.behave(options.weather[chance.below(options.weather.length)] ?? {})
      const target = plans.pop()!
      going.want(Math.ceil((sends * kills) / (kills + plans.length)))
      const hit = target === "any" ? await killAtAnyTime() : await killAt(target, going)
      if (target !== "any" && hit) hits.set(target, hits.get(target)! + 1)
      if (hit === false) {
        misses++
        plans.splice(chance.below(plans.length + 1), 0, target)
      }
      const where = target === "any" ? "at any time" : `${hit ? "at" : "not reached:"} ${target}`
      progress(`kill ${kills} ${where}; ${going.sendings.length} messages, ${going.inFlight()} in flight`)
    }
    await settle(going)
    progress("all is settled that will be")

    const last = Map.groupBy(going.sendings, ({ said }) => said.at(-1)?.status ?? "unanswered")
    return {
      seed,
      sends: going.sendings.length,
      kills,
      hitsPerStep: Object.fromEntries(hits),
      ...judge(going.sendings, readRecord(simulator.record)),
      statuses: Object.fromEntries([...last].map(([status, { length }]) => [status, length])),
      unsettled: going.inFlight(),
      collapses: system.collapses(),
      hung: going.hung(),
      seconds: Math.round(elapsed())
    }
  } finally {
    await system.end()
    simulator.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
