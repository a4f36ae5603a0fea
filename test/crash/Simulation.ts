import { spawn } from "node:child_process"
import { once } from "node:events"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import type { FaultsPatch } from "#infra/whatsapp/simulator/Faults.ts"
import { call, control, pause } from "./Caller.ts"

const main = resolve(import.meta.dirname, "../../infra/whatsapp/simulator/main.ts")
const firstAccount = 60_129_999_000
/** The number of the account that is paired as the nth. */
export const accountOf = (n: number) => String(firstAccount + n)
const plain: FaultsPatch = {
  ack: "normal",
  deliver: true,
  usync: "normal",
  dropsBeforeDelivery: 0,
  dropsAfterDelivery: 0
}

/** WhatsApp, in a process of its own that nobody kills. What it writes down is what the run is judged by. */
export const simulation = async (folder: string, record = join(folder, "record.jsonl")) => {
  const child = spawn(process.execPath, [main, "--port", "0", "--record", record], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const stop = () => void child.kill("SIGKILL")
  process.once("exit", stop)
  const [line] = await once(createInterface({ input: child.stdout }), "line")
  const { controlUrl, url } = JSON.parse(line) as { readonly url: string; readonly controlUrl: string }

  let accounts = 0
  return {
    url,
    controlUrl,
    record,
    behave: (faults: FaultsPatch) => control(controlUrl, "/faults", { ...plain, ...faults }),
    /** Creates a device at the first gateway and links it as a phone would; resolves when each shows it connected. */
    pair: async (gateways: ReadonlyArray<string>, apiKey: string): Promise<string> => {
      const ask = async (gateway: string, method: "GET" | "POST", path: string, body?: object) => {
        const answer = await call(gateway, apiKey, method, path, body)
        if (answer === undefined || answer === "hung") throw new Error("no device was paired")
        return answer.body
      }
      const account = accountOf(accounts++)
      const { id } = await ask(gateways[0]!, "POST", "/v1/devices", { name: account, pairing: "qr" })
      for (let scanned = false; ; await pause(50)) {
        const seen = await Promise.all(gateways.map((gateway) => ask(gateway, "GET", `/v1/devices/${id}`)))
        if (seen.every(({ state }) => state === "connected")) return id
        if (scanned || seen.some(({ qr }) => qr === undefined)) continue
        await control(controlUrl, "/scan", { qr: seen[0]!.qr, phone: account })
        scanned = true
      }
    },
    stop
  }
}
