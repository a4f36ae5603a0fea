import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"

export interface Simulator {
  /** What a client takes for WhatsApp's address. */
  readonly url: string
  readonly controlUrl: string
  readonly stop: () => void
}

/** The simulated WhatsApp as a process of its own, so that what it costs is in nobody's figures. */
export const simulate = async (): Promise<Simulator> => {
  const script = join(import.meta.dirname, "../infra/whatsapp/simulator/main.ts")
  const child = spawn(process.execPath, [script, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] })
  process.once("exit", () => child.kill("SIGKILL")) // also when the run fails
  const [line] = await once(createInterface({ input: child.stdout }), "line")
  const { controlUrl, url }: { readonly controlUrl: string; readonly url: string } = JSON.parse(line)
  return {
    url,
    controlUrl,
    stop: () => void child.kill("SIGKILL")
  }
}

export const steer = async (controlUrl: string, path: string, body: object): Promise<void> => {
  const answer = await fetch(`${controlUrl}/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body)
  })
  if (!answer.ok) throw new Error(`the simulator answers ${answer.status} to ${path}`)
  await answer.arrayBuffer()
}
