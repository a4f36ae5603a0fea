import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { backbones, start, storeOf } from "./Backbone.ts"
import { key, pairedDevice, request } from "./Callers.ts"
import { measure as overSimulator } from "./OverSimulator.ts"
import { ask, type Load, load, median, serve, smallHeap, startUp } from "./Processes.ts"

const { values } = parseArgs({
  options: {
    json: { type: "string" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    memory: { type: "string" },
    backbone: { type: "string", default: "embedded" },
    whatsapp: { type: "string", default: "instant" },
    messages: { type: "string", default: "100000" },
    folder: { type: "string" },
    "per-second": { type: "string", default: "500" },
    suite: { type: "string", default: "sends" },
    help: { type: "boolean", default: false }
  }
})
if (values.help) {
  console.log(`npm run bench -- [--json FILE] [--rounds 5] [--seconds 3] [--memory 100000] [--backbone ${backbones.join("|")}]
                 [--whatsapp instant|simulator] [--suite sends|deliveries|endpoints|ingest|replay|queries] [--messages 100000]
                 [--per-second 500] [--folder LOG]

Confirmed sends over HTTP, with an instant WhatsApp behind the agent, beside the same durable work without a
framework, in alternated rounds. --memory: how many messages to send for the resident memory; 0 leaves it out. --backbone: over servers that
are started for the run, with the agent as a process of its own where there is a NATS between; the floor then does the same
appends and publishes bare. The event store is a stand-in unless EVENTSTORE_URL names a real one. --whatsapp simulator: through
Baileys, over files, beside bare Baileys. --suite deliveries: webhooks, from the log to a local receiver's 200.
--suite endpoints: confirmed sends with ten endpoints that nothing concerns, beside none. --suite ingest: Meta's webhooks, to
the 200 that says they are kept. --suite replay: all views made anew from a log of --messages, beside a bare copy of its events.
--suite queries: what the dashboard asks, with a log of --messages (or the one in --folder, which is written to), while
--per-second messages come in for --seconds.`)
  process.exit(0)
}
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const levels = [1, 32, 128]
const note = (line: string) => process.stderr.write(`${line}\n`)
const tabulate = (rows: ReadonlyArray<object>) =>
  console.table(
    rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value.toFixed(2))])))
  )

if (values.suite === "deliveries") {
  const { measure } = await import("./Deliveries.ts")
  const report = await measure(rounds, seconds, note)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`)
  tabulate([report])
  process.exit(0)
}
if (values.suite === "endpoints") {
  const { measure } = await import("./IdleEndpoints.ts")
  const report = await measure(rounds, seconds, note)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`)
  tabulate(report)
  process.exit(0)
}
if (values.suite === "ingest") {
  const { measure } = await import("./Ingest.ts")
  const { results, ...others } = await measure(rounds, seconds, note)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ results, ...others }, undefined, 2)}\n`)
  tabulate(results)
  console.log(others)
  process.exit(0)
}
if (values.suite === "replay") {
  const { measure } = await import("./Rebuilding.ts")
  const report = await measure(rounds, Number(values.messages), note)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`)
  tabulate([report])
  process.exit(0)
}
if (values.suite === "queries") {
  const { measure } = await import("./Queries.ts")
  const perSecond = Number(values["per-second"])
  const { results, ...others } = await measure(
    { folder: values.folder, messages: Number(values.messages), perSecond, seconds },
    note
  )
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ ...others, results }, undefined, 2)}\n`)
  console.table(results.map((row) => ({ ...row, p50Ms: row.p50Ms.toFixed(1), p99Ms: row.p99Ms.toFixed(1) })))
  console.log(others)
  process.exit(0)
}
if (values.suite !== "sends") throw new Error("--suite is sends, deliveries, endpoints, ingest, replay or queries")
if (values.whatsapp === "simulator") {
  const report = await overSimulator(rounds, seconds, note)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`)
  tabulate(report.results)
  console.log(`memory with the defaults of npm start, after 2000 sends: ${report.rssMb.toFixed(0)} MB`)
  process.exit(0)
}
if (values.whatsapp !== "instant") throw new Error("--whatsapp is instant or simulator")

const gateway = "../dist/bench-gateway.js"
const backbone = backbones.find((one) => one === values.backbone)
if (backbone === undefined) throw new Error(`--backbone is one of ${backbones.join(", ")}`)
const embedded = backbone === "embedded"
const servers = await start(backbone)
const env = servers.product

note("starting floor and product")
const floor = await serve("floor.ts", { env: servers.floor })
const product = await serve(gateway, { env })
const agent =
  env.NATS_URL === undefined
    ? undefined
    : await serve("../dist/bench-agent.js", { env, args: [`http://127.0.0.1:${product.port}`, key] })
const asked = request(await pairedDevice(product), 512)
// both warm: optimized code takes about that long to come
for (const server of [floor, product]) await load(server.port, 32, 10, asked)

const measured = new Map(levels.map((level) => [level, { product: [] as Array<Load>, floor: [] as Array<Load> }]))
let fsyncsPerRequest = 0
for (let round = 1; round <= rounds; round++) {
  for (const connections of levels) {
    const results = measured.get(connections)!
    const before = (await ask(product)).commits
    const order = round % 2 === 0 ? (["floor", "product"] as const) : (["product", "floor"] as const)
    for (const one of order) {
      results[one].push(await load((one === "floor" ? floor : product).port, connections, seconds, asked))
    }
    if (connections === 1) fsyncsPerRequest = ((await ask(product)).commits - before) / results.product.at(-1)!.answered
    const [a, b] = [results.product.at(-1)!, results.floor.at(-1)!]
    note(
      `round ${round}, ${connections} connections: ${a.rps.toFixed(0)} of ${b.rps.toFixed(0)} req/s, p50 ${a.p50Ms.toFixed(2)} of ${b.p50Ms.toFixed(2)} ms`
    )
  }
}
for (const server of [floor, product, agent]) await server?.stop()
await servers.stop()

const results = levels.map((connections) => {
  const { floor, product } = measured.get(connections)!
  const of = (loads: ReadonlyArray<Load>, pick: (load: Load) => number) => median(loads.map(pick))
  const perRound = product.map((load, i) =>
    connections === 1 ? floor[i]!.p50Ms / load.p50Ms : load.rps / floor[i]!.rps
  )
  return {
    connections,
    rps: of(product, (_) => _.rps),
    p50Ms: of(product, (_) => _.p50Ms),
    p99Ms: of(product, (_) => _.p99Ms),
    floorRps: of(floor, (_) => _.rps),
    floorP50Ms: of(floor, (_) => _.p50Ms),
    /** At one connection of speed (p50), otherwise of throughput: the median of the rounds' own ratios. */
    ratio: median(perRound)
  }
})

/** What it takes over files alone: servers have a memory of their own. */
const target = Number(values.memory ?? (embedded ? 100_000 : 0))
const memory = async () => {
  const server = await serve(gateway, { flags: smallHeap })
  const asked = request(await pairedDevice(server), 512)
  const idle = (await ask(server)).rssMb
  let most = idle
  const after = async (target: number, soFar: number) => {
    let now = idle
    for (let sent = soFar; sent < target; most = Math.max(most, now)) {
      sent += (await load(server.port, 32, 5, asked)).answered
      now = (await ask(server)).rssMb
    }
    return now
  }
  const after10k = await after(target / 10, 0)
  note(`memory: ${idle.toFixed(0)} MB idle, ${after10k.toFixed(0)} MB after ${target / 10}`)
  const after100k = await after(target, target / 10)
  await server.stop()
  return { idle, after10k, after100k, most }
}

/** From the second start on nothing is compiled again, so the first is not counted. */
const readyTimes: Array<number> = []
for (let i = 0; embedded && i < 6; i++) readyTimes.push(await startUp())
const readyMs = embedded ? median(readyTimes.slice(1)) : 0
const rssMb = target > 0 ? await memory() : { idle: 0, after10k: 0, after100k: 0, most: 0 }
const store = storeOf(backbone)
const report = { backbone, store, results, fsyncsPerRequest, rssMb, readyMs }
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`)
tabulate(results)
if (!embedded) console.log(`over ${Object.keys(env).join(", ")}; store: ${store}`)
else
  console.log(
    `${fsyncsPerRequest.toFixed(2)} durable commits per request at one connection; ready in ${readyMs.toFixed(0)} ms from TypeScript; memory ${Object.entries(
      rssMb
    )
      .map(([when, mb]) => `${when} ${mb.toFixed(0)} MB`)
      .join(", ")}`
  )
