import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { parseArgs } from "node:util"
import { type Level, levels } from "#services/telemetry/Log.ts"
import { type BackboneName, backbones } from "./Backbones.ts"
import { type Report, run } from "./Run.ts"
import { type Sabotage, sabotages } from "./Sabotage.ts"
import { control, everywhere } from "./Scenarios.ts"
import type { ServerName } from "./Servers.ts"

const { values } = parseArgs({
  options: {
    sends: { type: "string" },
    kills: { type: "string" },
    "per-step": { type: "string" },
    seed: { type: "string" },
    json: { type: "string" },
    sabotage: { type: "string" },
    backbone: { type: "string", default: "embedded" },
    "wipe-bus": { type: "boolean", default: false },
    log: { type: "string" },
    "log-level": { type: "string", default: "warn" },
    help: { type: "boolean", default: false }
  }
})
if (values.help) {
  console.log(`npm run test:crash -- [--sends 300] [--kills 60] [--per-step 5] [--seed N] [--json FILE] [--sabotage WHICH]
                      [--backbone WHICH] [--wipe-bus] [--log FILE] [--log-level LEVEL]

Starts the whole product, with Baileys, against the WhatsApp simulator, keeps messages on their way, and kills it with
SIGKILL at random times and at every labelled step of a message's journey. Then compares every answer that was ever
given with what the simulator itself wrote down. Fails if a message was lost, went out under a second id, was called
sent too early, or failed or expired without ground, was seen by WhatsApp after it had been called so, was taken back or never settled, if a request hung or the product
ended by itself, or if a step was not hit often enough with a message in flight.

  --kills     kills at random times, besides those at steps
  --per-step  kills at each step
  --seed      repeats the chances of an earlier run (not its timing)
  --sabotage  ${sabotages.join(" | ")}: one promise is broken. A run that measures anything fails.
  --backbone  ${Object.keys(backbones).join(" | ")}: what it stands on; the servers are killed as well.
              The event store is a stand-in for EventStoreDB, the others are real and must be installed.
  --wipe-bus  the broker's store is deleted in the middle
  --log       where the product logs, from --log-level (warn) on; otherwise a file that is kept when the run fails`)
  process.exit(0)
}

const whole = (name: "sends" | "kills" | "per-step" | "seed", otherwise: number): number => {
  const number = Number(values[name] ?? otherwise)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${name} takes a whole number`)
  return number
}
const isSabotage = (name: string): name is Sabotage => (sabotages as ReadonlyArray<string>).includes(name)
const { sabotage } = values
if (sabotage !== undefined && !isSabotage(sabotage)) throw new Error(`--sabotage is one of ${sabotages.join(", ")}`)

const isBackbone = (name: string): name is BackboneName => Object.hasOwn(backbones, name)
const name = values.backbone
if (!isBackbone(name)) throw new Error(`--backbone is one of ${Object.keys(backbones).join(", ")}`)
const isLevel = (level: string): level is Level => (levels as ReadonlyArray<string>).includes(level)
const logLevel = values["log-level"]
if (!isLevel(logLevel)) throw new Error(`--log-level is one of ${levels.join(", ")}`)

const wipeBus = values["wipe-bus"]
const servers: ReadonlyArray<ServerName> = backbones[name].servers
if (wipeBus && !servers.includes("nats-server")) throw new Error("--wipe-bus needs a backbone with nats-server")
const log = values.log ?? join(mkdtempSync(join(tmpdir(), "homing-crash-log-")), "product.log")
const backbone = backbones[name]
const scenario = sabotage === undefined ? everywhere(backbone) : control(sabotage, backbone)
const options = {
  ...scenario,
  sends: whole("sends", scenario.sends),
  kills: whole("kills", scenario.kills),
  perStep: whole("per-step", scenario.perStep),
  seed: whole("seed", Math.floor(Math.random() * 2 ** 31)),
  wipeBus,
  logLevel,
  output: openSync(log, "w"),
  progress: (line: string) => void process.stderr.write(`${line}\n`)
}

const flaws = ({ hitsPerStep, ...report }: Report) => {
  const { collapses, failedStarts, falseEnds, falseSent, hung, lost, revived, secondIds, takenBack, unsettled } = report
  return Object.entries({ lost, secondIds, falseSent, falseEnds, revived, takenBack, unsettled, hung, collapses })
    .concat(backbone.servers.length === 0 ? [["failed starts", failedStarts]] : [])
    .filter(([, amount]) => amount > 0)
    .map(([what, amount]) => `${what}: ${amount}`)
    .concat(
      Object.entries(hitsPerStep)
        .filter(([, hits]) => hits < options.perStep)
        .map(([step, hits]) => `only ${hits} kills at ${step}`)
    )
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1))
const report = await run(options)
console.log(JSON.stringify(report, undefined, 2))
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`)
const found = flaws(report)
if (found.length > 0) {
  console.error(`not as it should be: ${found.join(", ")}; what the product logged is in ${log}`)
  process.exitCode = 1
} else if (values.log === undefined) rmSync(dirname(log), { recursive: true })
