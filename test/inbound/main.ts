import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { parseArgs } from "node:util"
import { type BackboneName, backbones } from "../crash/Backbones.ts"
import type { ServerName } from "../crash/Servers.ts"
import { flawsIn } from "./Judge.ts"
import { run } from "./Run.ts"
import { type Sabotage, sabotages } from "./Sabotage.ts"

const { values } = parseArgs({
  options: {
    facts: { type: "string", default: "300" },
    kills: { type: "string", default: "12" },
    spells: { type: "string", default: "4" },
    "wipe-bus": { type: "boolean", default: false },
    seed: { type: "string" },
    json: { type: "string" },
    sabotage: { type: "string" },
    backbone: { type: "string", default: "embedded" },
    log: { type: "string" },
    record: { type: "string" },
    help: { type: "boolean", default: false }
  }
})
if (values.help) {
  console.log(`npm run test:inbound -- [--facts 300] [--kills 12] [--spells 4] [--seed N] [--json FILE] [--sabotage WHICH]
                        [--backbone WHICH] [--wipe-bus] [--log FILE] [--record FILE]

Starts the whole product, with Baileys, against the WhatsApp simulator. Contacts of three accounts write, edit, react, vote,
call, change groups and take back, also twice and so that it cannot be read at first, their phones remember, and what waits for
a device comes in another order, while the product is killed with SIGKILL. Then compares the
log with what the simulator itself wrote down, and what everybody who listens was told with the log. Fails if a fact was lost,
recorded twice, is not what was said, or stands in another order than within its chat; or if a listener missed an event, was
told one twice, or in another order.

  --spells    so often all accounts are cut off from WhatsApp while contacts go on
  --seed      repeats the chances of an earlier run (not its timing)
  --sabotage  ${sabotages.join(" | ")}: one promise is broken. A run that measures anything fails.
  --backbone  ${Object.keys(backbones).join(" | ")}: what it stands on; the servers are killed as well
  --wipe-bus  the broker's store is deleted in the middle
  --log       where the product logs; otherwise a file that is kept when the run fails
  --record    where the simulator writes down what it sees, to be kept`)
  process.exit(0)
}

const whole = (name: "facts" | "kills" | "spells" | "seed", otherwise = 0): number => {
  const number = Number(values[name] ?? otherwise)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${name} takes a whole number`)
  return number
}
const isSabotage = (name: string): name is Sabotage => (sabotages as ReadonlyArray<string>).includes(name)
const { sabotage } = values
if (sabotage !== undefined && !isSabotage(sabotage)) throw new Error(`--sabotage is one of ${sabotages.join(", ")}`)
const isBackbone = (name: string): name is BackboneName => Object.hasOwn(backbones, name)
if (!isBackbone(values.backbone)) throw new Error(`--backbone is one of ${Object.keys(backbones).join(", ")}`)
const wipeBus = values["wipe-bus"]
const servers: ReadonlyArray<ServerName> = backbones[values.backbone].servers
if (wipeBus && !servers.includes("nats-server")) throw new Error("--wipe-bus needs a backbone with nats-server")

const log = values.log ?? join(mkdtempSync(join(tmpdir(), "homing-inbound-log-")), "product.log")
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1))
const report = await run({
  facts: whole("facts"),
  kills: whole("kills"),
  spells: whole("spells"),
  wipeBus,
  seed: whole("seed", Math.floor(Math.random() * 2 ** 31)),
  sabotage,
  backbone: backbones[values.backbone],
  patienceMillis: 60_000,
  logLevel: "warn",
  output: openSync(log, "w"),
  record: values.record,
  progress: (line) => void process.stderr.write(`${line}\n`)
})
console.log(JSON.stringify(report, undefined, 2))
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`)
const found = [
  ...flawsIn(report),
  ...(report.forged > 0 ? [`${report.forged} webhooks that do not verify`] : []),
  ...(report.collapses > 0 ? [`${report.collapses} times a process ended by itself`] : [])
]
if (found.length > 0) {
  console.error(`not as it should be: ${found.join(", ")}; what the product logged is in ${log}`)
  process.exitCode = 1
} else if (values.log === undefined) rmSync(dirname(log), { recursive: true })
