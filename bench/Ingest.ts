import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as Crowd from "./Crowd.ts"
import { ask, type Load, load, median, serve } from "./Processes.ts"

/**
 * Webhooks of Meta, to the 200 that says they are kept, beside two bare servers: one that keeps them in one commit, and one
 * that hands them on and keeps nothing, as a route does that has no disk. The product takes apart meanwhile what it kept:
 * `splitPerSecond` counts a round's until the last is.
 */
const secret = "5f2b8c0d9e1a4763b8c0d9e1a47635f2"
const path = "/webhooks/meta/whatsapp"
const levels = [1, 32, 128]
const people = 512
const asked = { path, secret, updates: 1, people }
const often = { ...asked, perSecond: 500 }
/** 3 MB, which is as much as Meta sends at once; and so are a thousand. */
const large = { ...asked, updates: 1_000, people: 1_000, characters: 2_750 }
const patienceMillis = 120_000
const aMoment = () => new Promise((resolve) => setTimeout(resolve, 20))

const servers = ["product", "keeping", "forwarding"] as const
type Which = (typeof servers)[number]
/** `cpuMs`: of one webhook, which whoever else uses the machine changes least. */
type Answered = Load & { readonly cpuMs: number }
type Measured = Answered & { readonly splitPerSecond: number; readonly commits: number }

export const measure = async (rounds: number, seconds: number, note: (line: string) => void) => {
  const folder = mkdtempSync(join(tmpdir(), "homing-bench-"))
  const receiver = await serve("receiver.ts")
  receiver.process.send("open")
  const product = await serve("../dist/bench-gateway.js", {
    folder,
    env: { META_APP_SECRET: secret }
  })
  const at = {
    product,
    keeping: await serve("floor-ingest.ts", { args: [secret] }),
    forwarding: await serve("floor-ingest.ts", { args: [secret, String(receiver.port)] })
  }
  const log = new DatabaseSync(join(folder, "log.db"), { readOnly: true })
  const unsplit = log.prepare(
    "SELECT total(CASE type WHEN 'batch.received.v1' THEN 1 WHEN 'batch.split.v1' THEN -1 END) AS n FROM events"
  )
  const taken = async () => {
    for (const ends = performance.now() + patienceMillis; performance.now() < ends; await aMoment()) {
      if (unsplit.get()!.n === 0) return
    }
    throw new Error("what was kept is not taken apart")
  }

  const ofProduct = async (connections: number, lasting: number, what: object): Promise<Measured> => {
    const before = await ask(product)
    const begun = performance.now()
    const result = await load(product.port, connections, lasting, what, "load-webhooks.ts")
    await taken()
    const after = await ask(product)
    return {
      ...result,
      splitPerSecond: result.answered / ((performance.now() - begun) / 1_000),
      cpuMs: (after.cpuMs - before.cpuMs) / result.answered,
      commits: (after.commits - before.commits) / result.answered
    }
  }
  const one = async (which: Which, connections: number, lasting: number, what: object): Promise<Answered> => {
    if (which === "product") return ofProduct(connections, lasting, what)
    const before = await ask(at[which])
    const result = await load(at[which].port, connections, lasting, what, "load-webhooks.ts")
    return { ...result, cpuMs: ((await ask(at[which])).cpuMs - before.cpuMs) / result.answered }
  }

  // optimized code takes about that long to come
  for (const which of servers) await one(which, 32, 10, asked)
  const measured = new Map(levels.map((level) => [level, [] as Array<Record<Which, Answered>>]))
  const paced: Array<Record<Which, Answered>> = []
  const inTurns = async (round: number, connections: number, what: object) => {
    const found: Partial<Record<Which, Answered>> = {}
    for (const which of round % 2 === 0 ? servers : servers.toReversed()) {
      found[which] = await one(which, connections, seconds, what)
    }
    return found as Record<Which, Answered>
  }
  for (let round = 1; round <= rounds; round++) {
    for (const connections of levels) {
      const found = await inTurns(round, connections, asked)
      measured.get(connections)!.push(found)
      const said = servers.map(
        (which) => `${which} ${found[which].rps.toFixed(0)} (${found[which].p50Ms.toFixed(1)} ms)`
      )
      const { commits, cpuMs, splitPerSecond } = found.product as Measured
      note(
        `round ${round}, ${connections} connections: ${said.join(", ")}; taken apart ${splitPerSecond.toFixed(0)}/s, ${cpuMs.toFixed(2)} ms of CPU and ${commits.toFixed(2)} commits for each`
      )
    }
    const found = await inTurns(round, 64, often)
    paced.push(found)
    const said = servers.map((which) => `${which} ${found[which].p99Ms.toFixed(1)} ms`)
    note(`round ${round}, ${often.perSecond} a second, p99: ${said.join(", ")}`)
  }
  const thousands: Array<Measured> = []
  for (let round = 1; round <= rounds; round++) thousands.push(await ofProduct(1, 0.001, large))
  const crowd = await Crowd.measure(product, { path, secret, taken })
  note(
    `crowds of ${Crowd.people}: ${crowd.crowds.map(({ p99Ms, rssMb }) => `p99 ${p99Ms.toFixed(0)} ms, ${rssMb.toFixed(0)} MB`).join("; ")}`
  )
  log.close()
  for (const server of [receiver, ...Object.values(at)]) await server.stop()
  rmSync(folder, { recursive: true, force: true })

  const results = levels.map((connections) => {
    const some = measured.get(connections)!
    const of = (which: Which, pick: (load: Answered) => number) => median(some.map((one) => pick(one[which])))
    const beside = (which: Which) =>
      median(
        some.map(({ product, [which]: other }) =>
          connections === 1 ? other.p50Ms / product.p50Ms : product.rps / other.rps
        )
      )
    const ofProductAlone = (name: "splitPerSecond" | "commits") =>
      median(some.map(({ product }) => (product as Measured)[name]))
    return {
      connections,
      rps: of("product", (_) => _.rps),
      p50Ms: of("product", (_) => _.p50Ms),
      p99Ms: of("product", (_) => _.p99Ms),
      splitPerSecond: ofProductAlone("splitPerSecond"),
      cpuMs: of("product", (_) => _.cpuMs),
      commits: ofProductAlone("commits"),
      keepingRps: of("keeping", (_) => _.rps),
      keepingCpuMs: of("keeping", (_) => _.cpuMs),
      forwardingRps: of("forwarding", (_) => _.rps),
      /** At one connection of speed (p50), otherwise of throughput: the median of the rounds' own ratios. */
      ratio: beside("keeping"),
      ratioForwarding: beside("forwarding")
    }
  })
  const p99 = (which: Which) => median(paced.map((one) => one[which].p99Ms))
  return {
    results,
    perSecond: often.perSecond,
    p99Ms: { product: p99("product"), keeping: p99("keeping"), forwarding: p99("forwarding") },
    crowd,
    thousandMs: median(thousands.map((_) => _.p50Ms)),
    thousandSplitMs: median(thousands.map((_) => 1_000 / _.splitPerSecond))
  }
}
