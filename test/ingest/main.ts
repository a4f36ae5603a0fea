import { parseArgs } from "node:util"
import { backboneIn, conclude, oneOf, seedIn, whole } from "../Options.ts"
import { backbones } from "./Backbones.ts"
import { flawsIn, run } from "./Run.ts"
import { sabotages } from "./Sabotage.ts"

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

const options = {
  updates: whole(values, "updates"),
  redeliveries: whole(values, "redeliveries"),
  kills: whole(values, "kills"),
  seed: seedIn(values),
  sabotage: oneOf(values, "sabotage", sabotages),
  isArchived: values.archive || values.sabotage === "archive",
  backbone: backboneIn(values, backbones),
  patienceMillis: 180_000, // while what is known is told again, nobody hears anything new
  logLevel: "warn"
} as const

await conclude("ingest", { json: values.json, log: values.log }, (told) => run({ ...options, ...told }), flawsIn)
