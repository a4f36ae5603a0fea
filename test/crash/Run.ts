import { join } from "node:path"
import type { Step } from "#domain/ports/Steps.ts"
import type { FaultsPatch } from "#infra/whatsapp/simulator/Faults.ts"
import { readRecord } from "#infra/whatsapp/simulator/RecordFile.ts"
import { place, type RunOptions } from "../Options.ts"
import { store } from "../servers/EventStoreDb.ts"
import { pause } from "./Caller.ts"
import { deployment } from "./Deployment.ts"
import { type Dice, dice } from "./Dice.ts"
import { judge, type Verdict } from "./Judge.ts"
import type { Sabotage } from "./Sabotage.ts"
import { simulation } from "./Simulation.ts"
import { isFinal, type Traffic, traffic } from "./Traffic.ts"

export interface Options extends RunOptions {
  /** At least so many messages. */
  readonly sends: number
  /** Kills at random times. */
  readonly kills: number
  /** Kills at each of these steps, each with a message in flight. */
  readonly steps: ReadonlyArray<Step>
  readonly perStep: number
  /** How long after its step a process dies. */
  readonly afterStepMillis: number
  readonly sabotage: Sabotage | undefined
  readonly reconciled: boolean
  /** How long the bus takes to hand a command over. */
  readonly busMillis: number
  /** Whether the bus forgets everything in the middle. */
  readonly wipeBus: boolean
  /** What WhatsApp may be like, by chance, for each life of the system. */
  readonly weather: ReadonlyArray<FaultsPatch>
  /** After the last kill, the run ends when all is settled, or when nothing has become settled for so long. */
  readonly patienceMillis: number
}

/** The last life tries again what an earlier one left when it has listened for three seconds: by then that has left. */
const watchedMillis = 6_000

export interface Report extends Verdict {
  readonly seed: number
  readonly sends: number
  readonly kills: number
  readonly killsPerProcess: Readonly<Record<string, number>>
  readonly hitsPerStep: Readonly<Partial<Record<Step, number>>>
  /** Messages by what was last said of them. */
  readonly statuses: Readonly<Record<string, number>>
  /** Messages that had no verdict when patience ended. */
  readonly unsettled: number
  /** Times a process that was ready ended without being killed. */
  readonly collapses: number
  /** Times a process ended before it was ready: a server was away that it cannot begin without. */
  readonly failedStarts: number
  /** Requests that got no answer though the connection held. */
  readonly hung: number
  readonly seconds: number
  /** The log's: a file, EventStoreDB's stand-in, or EventStoreDB. */
  readonly store: "sqlite" | "double" | "real"
}

const apiKey = "a-key-for-this-run-only"
/** A kill that has not come at its step by then is given up, and planned again. */
const stepPatienceMillis = 20_000

/** Kills are spread over the messages: each waits so long at most until those that were to be begun before it are. */
const pacePatienceMillis = 10_000

/** A kill to come: at a step, or of somebody at any time. Or the bus forgets. */
type Plan = { readonly step: Step } | { readonly victim: string } | "wipe"

const plan = ({ kills, perStep, steps, wipeBus }: Options, victims: ReadonlyArray<string>, chance: Dice) => {
  const plans = chance.shuffled<Plan>([
    ...steps.flatMap((step) => Array.from({ length: perStep }, () => ({ step }))),
    ...Array.from({ length: kills }, (_, i) => ({ victim: victims[i % victims.length]! }))
  ])
  return wipeBus ? plans.toSpliced(plans.length / 2, 0, "wipe") : plans
}

/** Kills the product again and again while it sends, then compares what it said with what the simulator wrote down. */
export const run = async (options: Options): Promise<Report> => {
  const {
    afterStepMillis: afterMillis,
    backbone,
    busMillis,
    logLevel,
    perStep,
    reconciled,
    sabotage,
    seed,
    sends
  } = options
  const { folder, leave, progress, seconds } = place("crash", options.progress)
  const chance = dice(seed)
  const simulator = await simulation(folder)
  const deployed = await deployment(backbone, {
    folder: join(folder, "data"),
    chance,
    apiKey,
    webSocketUrl: simulator.url,
    sabotage,
    reconciled,
    busMillis,
    logLevel,
    output: options.output
  })

  /** Whether somebody died there, with a message in flight. */
  const killAt = async (step: Step, going: Traffic): Promise<boolean> => {
    const ambush = deployed.ambush({ step, passing: chance.between(1, 3), afterMillis })
    const limit = performance.now() + stepPatienceMillis
    const before = going.sendings.length // those that are lost never pass the step
    while (!ambush.isSprung() && performance.now() < limit) {
      if (going.inFlight(before) === 0) going.want(going.sendings.length + 1)
      await pause(10)
    }
    const hit = ambush.isSprung() && going.inFlight() > 0
    ambush.lift()
    return hit
  }

  const settle = async (going: Traffic) => {
    going.want(sends)
    await deployed.recovered()
    const recovered = performance.now()
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
    await pause(Math.max(0, recovered + watchedMillis - performance.now()))
    for (const sending of going.sendings) await going.ask(sending)
    await going.end()
    for (const sending of going.sendings) await going.recall(sending)
  }

  try {
    const gateways = await deployed.start()
    progress("everything runs")
    const devices = []
    for (const _ of gateways) devices.push(await simulator.pair(gateways, apiKey)) // so that each has something to do
    progress(`${devices.length} devices are paired`)

    const going = traffic({ seed, dice: chance, apiKey, devices, url: deployed.url })
    const plans = plan(options, deployed.victims, chance)
    const hits = new Map<Step, number>(options.steps.map((step) => [step, 0]))
    for (let done = 1, misses = 0; plans.length > 0 && misses <= 3 * perStep; done++) {
      await going.begun(pacePatienceMillis)
      await simulator.behave(options.weather[chance.below(options.weather.length)] ?? {})
      const target = plans.pop()!
      going.want(Math.ceil((sends * done) / (done + plans.length)))
      let where = "the bus has forgotten everything"
      if (target === "wipe") await deployed.wipe("nats-server")
      else if ("victim" in target) {
        await deployed.kill(target.victim)
        where = `kill of ${target.victim}`
      } else {
        const { step } = target
        const hit = await killAt(step, going)
        where = `${hit ? "kill at" : "not reached:"} ${step}`
        if (hit) hits.set(step, hits.get(step)! + 1)
        else {
          misses++
          plans.splice(chance.below(plans.length + 1), 0, target)
        }
      }
      await simulator.behave({}) // what it refused one life it would take from the next
      progress(`${where}; ${plans.length} to come, ${going.sendings.length} messages, ${going.inFlight()} in flight`)
    }
    await settle(going)
    progress("all is settled that will be")

    const last = Map.groupBy(going.sendings, ({ said }) => said.at(-1)?.status ?? "unanswered")
    return {
      seed,
      sends: going.sendings.length,
      kills: Object.values(deployed.kills()).reduce((sum, kills) => sum + kills, 0),
      killsPerProcess: deployed.kills(),
      hitsPerStep: Object.fromEntries(hits),
      ...judge(going.sendings, readRecord(simulator.record)),
      statuses: Object.fromEntries([...last].map(([status, { length }]) => [status, length])),
      unsettled: going.inFlight(),
      collapses: deployed.collapses(),
      failedStarts: deployed.failedStarts(),
      hung: going.hung(),
      seconds: seconds(),
      store: backbone.servers.includes("event-store") ? store : "sqlite"
    }
  } finally {
    await deployed.end()
    simulator.stop()
    leave()
  }
}
