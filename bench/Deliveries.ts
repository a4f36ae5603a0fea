import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { key, pairedDevice, request } from "./Callers.ts"
import { ask, load, median, type Server, serve } from "./Processes.ts"

/**
 * Events a second, from the log to a local receiver's 200, signed and with their outcome recorded, beside a bare loop that
 * does the same with the same log: over connections that it keeps, and over one for each as the product has.
 */
interface Seen {
  readonly first: number
  readonly last: number
  readonly count: number
}

const gateway = "../dist/bench-gateway.js"
const types = ["queued", "attempting", "sent"].map((what) => `homing.message.${what}.v1`)
const patienceMillis = 120_000
const aMoment = () => new Promise((resolve) => setTimeout(resolve, 50))

const say = async ({ process }: Server, what: string): Promise<Seen> => {
  process.send(what)
  const [seen] = await once(process, "message")
  return seen
}

/** `cpuMs`: of whoever delivers, its start included, for one event: what whoever else uses the machine changes least. */
interface Measured {
  readonly rate: number
  readonly cpuMs: number
}

/** Events a second, when so many have arrived. */
const rateOf = async (receiver: Server, expected: number) => {
  for (const ends = performance.now() + patienceMillis; performance.now() < ends; await aMoment()) {
    const { count, first, last } = await say(receiver, "what came?")
    if (count >= expected) return (count - 1) / ((last - first) / 1_000)
  }
  throw new Error(`fewer than ${expected} deliveries arrived`)
}

const measured = async (receiver: Server, deliverer: Server, expected: number): Promise<Measured> => {
  const rate = await rateOf(receiver, expected)
  return { rate, cpuMs: (await ask(deliverer)).cpuMs / expected }
}

/** The deliverer has told nothing yet of what is in the log; answers how many events there are to tell. */
const forget = (folder: string): number => {
  const views = new DatabaseSync(join(folder, "views.db"))
  views.exec(`UPDATE deliverer SET position = (SELECT MIN(position) - 1 FROM deliveries); DELETE FROM deliveries`)
  views.close()
  const log = new DatabaseSync(join(folder, "log.db"))
  const row = log.prepare("SELECT COUNT(*) AS n FROM events WHERE type LIKE 'message.%'").get()
  log.close()
  return Number(row!.n)
}

export const measure = async (rounds: number, seconds: number, note: (line: string) => void) => {
  const folder = mkdtempSync(join(tmpdir(), "homing-bench-"))
  const receiver = await serve("receiver.ts")
  const first = await serve(gateway, { folder })
  const asked = request(await pairedDevice(first), 512)
  const created = await fetch(`http://127.0.0.1:${first.port}/v1/endpoints`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ url: `http://127.0.0.1:${receiver.port}/hook`, types: [], personal: true })
  })
  if (created.status !== 201) throw new Error(`no endpoint: ${created.status} ${await created.text()}`)
  await load(first.port, 32, seconds, asked)
  await aMoment()
  await first.stop()
  const all = forget(folder)
  note(`${all} events are to be delivered (${types.length} for a message)`)

  const product = async () => {
    await say(receiver, "open")
    const server = await serve(gateway, { folder })
    const found = await measured(receiver, server, all)
    await server.stop()
    forget(folder)
    return found
  }
  const floor = async (connections: "kept" | "each") => {
    await say(receiver, "open")
    const server = await serve("floor-deliveries.ts", { args: [folder, String(receiver.port), connections] })
    const found = await measured(receiver, server, all)
    await server.stop()
    return found
  }
  const found: Array<{ readonly product: Measured; readonly kept: Measured; readonly each: Measured }> = []
  for (let round = 1; round <= rounds; round++) {
    const one = { kept: await floor("kept"), product: await product(), each: await floor("each") }
    found.push(one)
    const [a, b, c] = [one.product, one.each, one.kept].map(({ rate }) => rate.toFixed(0))
    const [d, e] = [one.product, one.each].map(({ cpuMs }) => cpuMs.toFixed(2))
    note(
      `round ${round}: ${a} of ${b} events/s over a connection for each, of ${c} over kept ones; ${d} and ${e} ms of CPU`
    )
  }
  await receiver.stop()
  rmSync(folder, { recursive: true, force: true })
  const of = (pick: (one: (typeof found)[number]) => number) => median(found.map(pick))
  return {
    eventsPerSecond: of((_) => _.product.rate),
    floorEach: of((_) => _.each.rate),
    floorKept: of((_) => _.kept.rate),
    ratioEach: of((_) => _.product.rate / _.each.rate),
    ratioKept: of((_) => _.product.rate / _.kept.rate),
    cpuMs: of((_) => _.product.cpuMs),
    cpuRatioEach: of((_) => _.each.cpuMs / _.product.cpuMs)
  }
}
