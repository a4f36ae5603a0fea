import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { parseArgs } from "node:util"
import { type BackboneName, backbones } from "./Backbones.ts"
import { flawsIn, run } from "./Run.ts"
import { type Sabotage, sabotages } from "./Sabotage.ts"

const { values } = parseArgs({
  options: {
    updates: { type: "string", default: "400" },
    redeliveries: { type: "string", default: "2" },
    kills: { type: "string", default: "8" },
    seed: { type: "string" },
    json: { type: "string" },
    sabotage: { type: "string" },
    archive: { type: "boolean", default: false },
    backbone: { type: "string", default: "embedded" },
    log: { type: "string" },
    help: { type: "boolean", default: false }
  }
})
if (values.help) {
  console.log(`npm run test:ingest -- [--updates 400] [--redeliveries 2] [--kills 8] [--seed N] [--json FILE]
                       [--archive] [--sabotage WHICH] [--backbone WHICH] [--log FILE]

Starts the whole product, and Meta: everything of which its Cloud API tells, of many people, for two apps, gathered by
chance, escaped or not, again and again, until each request is answered 200; some contradict each other. Meanwhile the product
is killed with SIGKILL, mostly as it has just said 200. Then compares what GET /v1/events, a webhook and the targets of routes were
told with what Meta said. Fails if anything was lost, told twice, is not as Meta said it, or stands before what came to the same person earlier.

  --redeliveries  so often each is told again, but for a tenth of them
  --seed          repeats the chances of an earlier run (not its timing)
  --archive       what is told is archived as well: each request once, whatever is killed
  --sabotage      ${sabotages.join(" | ")}: one promise is broken. A run that measures anything fails.
  --backbone      ${Object.keys(backbones).join(" | ")}: what it stands on; the servers are killed as well
  --log           where the product logs; otherwise a file that is kept when the run fails`)
  process.exit(0)
}

const whole = (name: "updates" | "redeliveries" | "kills" | "seed", otherwise = 0): number => {
  const number = Number(values[name] ?? otherwise)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${name} takes a whole number`)
  return number
}
const isSabotage = (name: string): name is Sabotage => (sabotages as ReadonlyArray<string>).includes(name)
const { sabotage } = values
if (sabotage !== undefined && !isSabotage(sabotage)) throw new Error(`--sabotage is one of ${sabotages.join(", ")}`)
const isBackbone = (name: string): name is BackboneName => Object.hasOwn(backbones, name)
if (!isBackbone(values.backbone)) throw new Error(`--backbone is one of ${Object.keys(backbones).join(", ")}`)

const log = values.log ?? join(mkdtempSync(join(tmpdir(), "homing-ingest-log-")), "product.log")
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1))
const report = await run({
  updates: whole("updates"),
  redeliveries: whole("redeliveries"),
  kills: whole("kills"),
  seed: whole("seed", Math.floor(Math.random() * 2 ** 31)),
  sabotage,
  isArchived: values.archive || sabotage === "archive",
  backbone: backbones[values.backbone],
  patienceMillis: 180_000, // while what is known is told again, nobody hears anything new
  logLevel: "warn",
  output: openSync(log, "w"),
  progress: (line) => void process.stderr.write(`${line}\n`)
})
console.log(JSON.stringify(report, undefined, 2))
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`)
const found = flawsIn(report)
if (found.length > 0) {
  console.error(`not as it should be: ${found.join(", ")}; what the product logged is in ${log}`)
  process.exitCode = 1
} else if (values.log === undefined) rmSync(dirname(log), { recursive: true })
