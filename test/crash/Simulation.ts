import { spawn } from "node:child_process"
import { once } from "node:events"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import type { FaultsPatch } from "#infra/whatsapp/simulator/Faults.ts"
import { call, control, pause } from "./Caller.ts"

const main = resolve(import.meta.dirname, "../../infra/whatsapp/simulator/main.ts")
const account = "60129999999"
const plain: FaultsPatch = { ack: "normal", deliver: true, dropsBeforeDelivery: 0, dropsAfterDelivery: 0 }

/** WhatsApp, in a process of its own that nobody kills. What it writes down is what the run is judged by. */
export const simulation = async (folder: string) => {
  const record = join(folder, "record.jsonl")
  const child = spawn(process.execPath, [main, "--port", "0", "--record", record], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const stop = () => void child.kill("SIGKILL")
  process.once("exit", stop)
  const [line] = await once(createInterface({ input: child.stdout }), "line")
  const { controlUrl, url } = JSON.parse(line) as { readonly url: string; readonly controlUrl: string }

  return {
    url,
    record,
    behave: (faults: FaultsPatch) => control(controlUrl, "/faults", { ...plain, ...faults }),
    /** Creates a device and links it as a phone would; resolves with its id once it is connected. */
    pair: async (gateway: string, apiKey: string): Promise<string> => {
      const ask = async (method: "GET" | "POST", path: string, body?: object) => {
        const answer = await call(gateway, apiKey, method, path, body)
        if (answer === undefined || answer === "hung" || answer.status > 201) throw new Error("no device was paired")
        return answer.body
      }
      const { id } = await ask("POST", "/v1/devices", { name: "crash", pairing: "qr" })
      for (let scanned = false; ; ) {
        const { qr, state } = await ask("GET", `/v1/devices/${id}`)
        if (state === "connected") return id
        if (!scanned && qr !== undefined) await control(controlUrl, "/scan", { qr, phone: account })
        scanned ||= qr !== undefined
        await pause(50)
      }
    },
    stop
  }
}
