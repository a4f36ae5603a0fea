import { join } from "node:path"
import { readRecord } from "#infra/whatsapp/simulator/RecordFile.ts"
import { control, pause } from "../crash/Caller.ts"
import { deployment } from "../crash/Deployment.ts"
import { type Dice, dice } from "../crash/Dice.ts"
import { accountOf, simulation } from "../crash/Simulation.ts"
import { place, type RunOptions } from "../Options.ts"
import { type Listening, polling, webhook, wholeLog } from "./Audiences.ts"
import { onTheBus, serverSent, webSocket } from "./Following.ts"
import { handingsIn } from "./Handings.ts"
import { judge, type Verdict } from "./Judge.ts"
import { listener } from "./Listener.ts"
import { expectedIn } from "./Record.ts"
import type { Sabotage } from "./Sabotage.ts"
import { writing } from "./Writing.ts"

export interface Options extends RunOptions {
  /** So many things are said and done by contacts. */
  readonly facts: number
  readonly kills: number
  /** So often all accounts are cut off while contacts go on. What waited comes in its order, or the last first. */
  readonly spells: number
  /** The broker's store is deleted in the middle. */
  readonly wipeBus: boolean
  readonly sabotage: Sabotage | undefined
  /** After the last kill, the run ends when nobody has heard anything new for so long. */
  readonly patienceMillis: number
  /** Where the simulator writes down what it sees; otherwise it is gone with the run. */
  readonly record: string | undefined
}

export interface Report extends Verdict {
  readonly seed: number
  readonly kills: number
  readonly killsPerProcess: Readonly<Record<string, number>>
  /** Webhooks whose signature did not verify. */
  readonly forged: number
  readonly collapses: number
  readonly seconds: number
}

const apiKey = "a-key-for-this-run-only"
const accounts = 3
/** Longer than a kill takes, and short enough for the agent to be back soon. */
const spellMillis = 1_500

/** What happens to the product: somebody is killed, all accounts are cut off, or the bus forgets. */
type Trouble = { readonly victim: string } | "spell" | "wipe"

const troubles = ({ kills, spells, wipeBus }: Options, victims: ReadonlyArray<string>, chance: Dice) => {
  const all = chance.shuffled<Trouble>([
    ...Array.from({ length: kills }, (_, i) => ({ victim: victims[i % victims.length]! })),
    ...Array.from({ length: spells }, () => "spell" as const)
  ])
  return wipeBus ? all.toSpliced(all.length / 2, 0, "wipe") : all
}

/**
 * Contacts of three accounts write and react, while the product is killed again and again. Then compares the log with what
 * the simulator wrote down, and what everybody was told with the log.
 */
export const run = async (options: Options): Promise<Report> => {
  const { backbone, facts, logLevel, output, patienceMillis, sabotage, seed } = options
  const { folder, leave, progress, seconds } = place("inbound", options.progress)
  const chance = dice(seed)
  const simulator = await simulation(folder, options.record)
  const hook = await webhook(dice(seed + 1))
  const deployed = await deployment(backbone, {
    folder: join(folder, "data"),
    chance,
    apiKey,
    webSocketUrl: simulator.url,
    sabotage: undefined,
    deafness: sabotage,
    reconciled: true,
    busMillis: 0,
    logLevel,
    output
  })
  const audiences: Array<Listening> = [hook]

  const heard = () => audiences.reduce((sum, audience) => sum + audience.heard.length, 0)
  /** From now on, or patience ends. */
  const somethingIsHeard = async () => {
    const limit = performance.now() + 15_000
    for (const before = heard(); heard() === before && performance.now() < limit; ) await pause(20)
  }

  /** Until nobody has heard anything new for as long as patience lasts, or all have heard all that was said. */
  const settle = async (devices: ReadonlyMap<string, string>) => {
    await deployed.recovered()
    let verdict: Verdict | undefined
    for (let [before, since] = [heard(), performance.now()]; performance.now() - since < patienceMillis; ) {
      await pause(500)
      if (heard() > before) [before, since] = [heard(), performance.now()]
      else {
        const { told } = await wholeLog(deployed.url, apiKey)
        const record = readRecord(simulator.record)
        verdict = judge(expectedIn(record), told, devices, audiences, handingsIn(record))
        const waits = [verdict, ...Object.values(verdict.audiences)].some(({ lost, wrong }) => lost + wrong > 0)
        if (!waits) return verdict
      }
    }
    return verdict!
  }

  try {
    const gateways = await deployed.start()
    await hook.subscribe(gateways[0]!, apiKey)
    const devices = new Map<string, string>()
    for (let n = 0; n < accounts; n++) devices.set(accountOf(n), await simulator.pair(gateways, apiKey))
    progress(`${accounts} devices are paired`)
    audiences.push(polling(deployed.url, apiKey))
    audiences.push(await serverSent(deployed.url, apiKey), await webSocket(deployed.url, apiKey))
    const { nats } = deployed.servers
    if (nats !== undefined) audiences.push(await onTheBus(nats, listener))

    const tell = (path: string, body: object) => control(simulator.controlUrl, path, body)
    const contacts = await writing([...devices.keys()], chance, {
      incoming: async (message) => ((await tell("/incoming", message)) as { readonly waMessageId: string }).waMessageId,
      again: async (to, waMessageId, how) => void (await tell("/again", { to, waMessageId, how })),
      group: async (change) => ((await tell("/group", change)) as { readonly group: string }).group,
      history: async (of, messages) => void (await tell("/history", { of, chunk: "recent", messages }))
    })
    const meet = async (trouble: Trouble, spoken: Promise<void>) => {
      if (trouble === "wipe") await deployed.wipe("nats-server")
      else if (trouble === "spell") {
        const offlineOrder = chance.below(2) === 0 ? "kept" : "reversed"
        await simulator.behave({ upgradeStatus: 503, offlineOrder })
        await tell("/drop", {})
        await Promise.all([spoken, pause(spellMillis)])
        await simulator.behave({ upgradeStatus: null })
      } else {
        if (chance.below(4) > 0) await somethingIsHeard()
        await deployed.kill(trouble.victim)
      }
      await spoken
    }
    const toMeet = troubles(options, deployed.victims, chance)
    for (const [done, trouble] of toMeet.entries()) {
      const share = Math.ceil((facts * (done + 1)) / (toMeet.length + 1))
      await meet(trouble, contacts.write(share - contacts.facts()))
      const what = typeof trouble === "string" ? trouble : `kill of ${trouble.victim}`
      progress(`${what}; ${toMeet.length - done - 1} to come, ${contacts.facts()} facts`)
    }
    await contacts.write(facts - contacts.facts())
    progress("everything is said")
    const verdict = await settle(devices)
    progress("everybody has heard what they will")
    return {
      seed,
      ...verdict,
      kills: Object.values(deployed.kills()).reduce((sum, killed) => sum + killed, 0),
      killsPerProcess: deployed.kills(),
      forged: hook.forged(),
      collapses: deployed.collapses(),
      seconds: seconds()
    }
  } finally {
    for (const audience of audiences) await audience.end()
    await deployed.end()
    simulator.stop()
    leave()
  }
}
