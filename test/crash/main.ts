import { parseArgs } from "node:util"
import { levels } from "#services/telemetry/Log.ts"
import { backboneIn, conclude, oneOf, seedIn, whole, wipesBus } from "../Options.ts"
import { backbones } from "./Backbones.ts"
import { type Report, run } from "./Run.ts"
import { sabotages } from "./Sabotage.ts"
import { control, everywhere } from "./Scenarios.ts"

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
              The event store is a stand-in for EventStoreDB, or the real one whose EventStore.ClusterNode
              EVENTSTORE_PROGRAM names; the others are real and must be installed.
  --wipe-bus  the broker's store is deleted in the middle
  --log       where the product logs, from --log-level (warn) on; otherwise a file that is kept when the run fails`)
  process.exit(0)
}

const sabotage = oneOf(values, "sabotage", sabotages)
const backbone = backboneIn(values, backbones)
const scenario = sabotage === undefined ? everywhere(backbone) : control(sabotage, backbone)
const options = {
  ...scenario,
  sends: whole(values, "sends", scenario.sends),
  kills: whole(values, "kills", scenario.kills),
  perStep: whole(values, "per-step", scenario.perStep),
  seed: seedIn(values),
  wipeBus: wipesBus(values, backbone),
  logLevel: oneOf(values, "log-level", levels)!
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

await conclude("crash", { json: values.json, log: values.log }, (told) => run({ ...options, ...told }), flaws)
