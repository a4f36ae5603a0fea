import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"
import { build } from "rolldown"
import type { Orders } from "./System.ts"

const root = resolve(import.meta.dirname, "../..")

/** One run of the system process. */
export interface Life {
  /** Where it answers; `undefined` when it died before that. */
  readonly ready: Promise<string | undefined>
  readonly died: Promise<void>
  readonly kill: () => void
}

/** The system in one file: it starts in a fifth of the time, and a crash run starts it more than a hundred times. */
const bundle = async (folder: string): Promise<string> => {
  const file = join(folder, "System.mjs")
  await build({
    input: join(import.meta.dirname, "System.ts"),
    platform: "node",
    external: [/^@whiskeysockets\//],
    logLevel: "silent",
    output: { file, format: "esm", codeSplitting: false }
  })
  return file
}

/** Lives of the system, one after the other. The next one is loaded while the present one runs. */
export const lives = async () => {
  const cache = join(root, "node_modules", ".cache") // inside the project, where its dependencies are found
  mkdirSync(cache, { recursive: true })
  const built = mkdtempSync(join(cache, "crash-"))
  const file = await bundle(built)
  const errorOutput = 2
  let collapses = 0

  const load = () => {
    const child = spawn(process.execPath, [file], {
      stdio: ["ignore", errorOutput, errorOutput, "ipc"],
      env: { ...process.env, NODE_COMPILE_CACHE: join(built, "compiled") }
    })
    const died = once(child, "exit").then(([, signal]) => {
      if (signal !== "SIGKILL") collapses++
    })
    return { child, died }
  }
  let next = load()
  let present: ReturnType<typeof load> | undefined

  return {
    begin: (orders: Orders): Life => {
      present = next
      next = load()
      const { child, died } = present
      child.send(orders, () => {}) // one that ended while it was loaded is counted by its end
      const url = once(child, "message").then(([told]) => (told as { readonly url: string }).url)
      return { ready: Promise.race([url, died.then(() => undefined)]), died, kill: () => void child.kill("SIGKILL") }
    },
    /** How often it ended without being killed. */
    collapses: () => collapses,
    end: async () => {
      for (const one of [next, present]) {
        one?.child.kill("SIGKILL")
        await one?.died
      }
      rmSync(built, { recursive: true, force: true })
    }
  }
}
export type Lives = Awaited<ReturnType<typeof lives>>
