import { parseArgs } from "node:util"
import { backbones } from "../crash/Backbones.ts"
import { backboneIn, conclude, oneOf, seedIn, whole, wipesBus } from "../Options.ts"
import { flawsIn } from "./Judge.ts"
import { type Report, run } from "./Run.ts"
import { sabotages } from "./Sabotage.ts"

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

const backbone = backboneIn(values, backbones)
const options = {
  facts: whole(values, "facts"),
  kills: whole(values, "kills"),
  spells: whole(values, "spells"),
  wipeBus: wipesBus(values, backbone),
  seed: seedIn(values),
  sabotage: oneOf(values, "sabotage", sabotages),
  backbone,
  patienceMillis: 60_000,
  logLevel: "warn",
  record: values.record
} as const

const flaws = (report: Report) => [
  ...flawsIn(report),
  ...(report.forged > 0 ? [`${report.forged} webhooks that do not verify`] : []),
  ...(report.collapses > 0 ? [`${report.collapses} times a process ended by itself`] : [])
]

await conclude("inbound", { json: values.json, log: values.log }, (told) => run({ ...options, ...told }), flaws)
