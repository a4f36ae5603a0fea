import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { type Step, steps } from "#domain/ports/Steps.ts"
import { run } from "./Run.ts"
import type { Sabotage } from "./Sabotage.ts"

const { values } = parseArgs({ options: { sends: {type:"string",default:"300"}, kills:{type:"string",default:"60"}, seed:{type:"string",default:"1"}, json:{type:"string"}, steps:{type:"string",default:steps.join(",")}, "per-step":{type:"string",default:"5"}, sabotage:{type:"string"} } })
const report = await run({
  sends: Number(values.sends), kills: Number(values.kills), seed: Number(values.seed), steps: values.steps.split(",").filter(Boolean) as Step[], perStep: Number(values["per-step"]),
  sabotage: values.sabotage as Sabotage | undefined, reconciled: true, busMillis: 0, faults: { ack: { lateMs: 100 } }, patienceMillis: 60_000, progress: (l) => process.stderr.write(l + "\n")
})
console.log(JSON.stringify(report, undefined, 2))
if (values.json) writeFileSync(values.json, JSON.stringify(report))
