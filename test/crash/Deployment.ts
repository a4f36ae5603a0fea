import { mkdirSync } from "node:fs"
import { join } from "node:path"
import type { Backbone } from "./Backbones.ts"
import { pause } from "./Caller.ts"
import type { Orders, Part } from "./Composition.ts"
import type { Dice } from "./Dice.ts"
import { enrol } from "./Enrolment.ts"
import { type Life, lives } from "./Lives.ts"
import { type ServerName, startServers } from "./Servers.ts"
import type { Death } from "./System.ts"

interface Running {
  life: Life
  /** Where it answers now. */
  url: string | undefined
}

export interface Ambush {
  /** Whether somebody has died there. */
  readonly isSprung: () => boolean
  /** Nobody dies there any more. */
  readonly lift: () => void
}

/** The product's processes and servers: kills them, and starts again at once whatever has died, as a supervisor would. */
export const deployment = async (
  { processes, servers: serverNames }: Backbone,
  options: Omit<Orders, "part" | "folder" | "servers"> & {
    readonly folder: string
    readonly chance: Dice
    readonly output: number
  }
) => {
  const { chance, folder, output, ...orders } = options
  const system = await lives(output)
  const servers = await startServers(serverNames)
  const running = new Map<string, Running>()
  const kills = new Map<string, number>([...Object.keys(processes), ...serverNames].map((name) => [name, 0]))
  const killed = (name: string) => kills.set(name, kills.get(name)! + 1)
  const restarts = new Map<ServerName, Promise<void>>()
  let isEnding = false

  /** Both gateways have the one folder, which holds nothing but their secrets. */
  const folderOf = (part: Part) => join(folder, part)
  const begin = (name: string) => {
    const part = processes[name]!
    const life = system.begin({ ...orders, part, folder: folderOf(part), servers: servers.urls })
    const now: Running = { life, url: undefined }
    running.set(name, now)
    void life.ready.then((url) => {
      if (!life.isOver()) now.url = url
    })
    void life.died.then((how) => {
      now.url = undefined
      if (isEnding) return
      if (how === "killed") killed(name)
      begin(name)
    })
    return life
  }
  const named = (has: (part: Part) => boolean) => Object.keys(processes).filter((name) => has(processes[name]!))
  const gateways = named((part) => part !== "agent")
  const agents = named((part) => part === "agent")
  const ready = async (name: string) => {
    const { life } = running.get(name)!
    const url = await life.ready
    if (url === undefined) throw new Error(`${name} does not start`)
    return url
  }

  const killProcess = async (name: string) => {
    const { life } = running.get(name)!
    const isEarly = chance.below(4) === 0
    if (!isEarly) await life.ready
    await pause(chance.below(isEarly ? 500 : 1_500))
    await life.kill()
  }
  /** Every other time the next kill does not wait until it is there again. */
  const killServer = async (name: ServerName) => {
    await restarts.get(name)
    await pause(chance.below(1_500))
    killed(name)
    const restarted = servers.kill(name, chance.below(1_000))
    restarts.set(name, restarted)
    if (chance.below(2) === 0) await restarted
  }
  const isServer = (name: string): name is ServerName => (serverNames as ReadonlyArray<string>).includes(name)

  return {
    /** Where the servers answer. */
    servers: servers.urls,
    /** The names of all that can be killed. */
    victims: [...kills.keys()],
    /** Starts everything for the first time; resolves with the gateways' addresses. */
    start: async (): Promise<ReadonlyArray<string>> => {
      mkdirSync(folder, { recursive: true })
      for (const name of gateways) begin(name)
      const urls = await Promise.all(gateways.map(ready))
      for (const name of agents) {
        await enrol(folderOf("agent"), urls[0]!, orders.apiKey)
        begin(name)
        await ready(name)
      }
      return urls
    },
    /** Where a caller asks at its `turn`th try, if a gateway answers there: at each turn another one. */
    url: (turn: number) => running.get(gateways[turn % gateways.length]!)?.url,
    /** Kills it at some time. */
    kill: (victim: string) => (isServer(victim) ? killServer(victim) : killProcess(victim)),
    /** Kills whoever answers there, at once. */
    killAt: async (url: string) => {
      await [...running.values()].find((one) => one.url === url)?.life.kill()
    },
    wipe: async (name: ServerName) => {
      await restarts.get(name)
      await servers.wipe(name)
    },
    /** Whoever passes the step so often from now on dies there. */
    ambush: (death: Death): Ambush => {
      const half = death.step.split(".")[0] as Part
      const there = named((part) => part === "whole" || part === half).map((name) => running.get(name)!.life)
      for (const life of there) life.dieAt(death)
      return {
        isSprung: () => there.some((life) => life.isOver()),
        lift: () => {
          for (const life of there) life.dieAt(undefined)
        }
      }
    },
    /** When all run, which nobody kills from now on. */
    recovered: async () => {
      await Promise.all(restarts.values())
      while ([...running.values()].some(({ url }) => url === undefined)) await pause(50)
    },
    kills: (): Readonly<Record<string, number>> => Object.fromEntries(kills),
    collapses: system.collapses,
    failedStarts: system.failedStarts,
    end: async () => {
      isEnding = true
      await Promise.allSettled(restarts.values())
      await system.end()
      await servers.end()
    }
  }
}
export type Deployment = Awaited<ReturnType<typeof deployment>>
