import { parseArgs } from "node:util"
import { startSimulator } from "./Simulator.ts"

const { values } = parseArgs({
  options: {
    host: { type: "string" },
    port: { type: "string" },
    record: { type: "string" },
    contacts: { type: "string", default: "" },
    absent: { type: "string", default: "" },
    "known-contacts-only": { type: "boolean", default: false }
  }
})

const numbers = (list: string) => list.split(",").flatMap((number) => number.replace(/\D/g, "") || [])

const simulator = await startSimulator({
  ...(values.host !== undefined && { host: values.host }),
  port: Number(values.port ?? 8765),
  recordFile: values.record,
  contacts: numbers(values.contacts),
  absent: numbers(values.absent),
  autoContacts: !values["known-contacts-only"]
})

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void simulator.close())

console.log(JSON.stringify({ url: simulator.url, controlUrl: simulator.controlUrl }))
