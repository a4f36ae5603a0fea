import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"
import { build } from "rolldown"
import type { Orders } from "./Composition.ts"
import type { Death, Told } from "./System.ts"

const root = resolve(import.meta.dirname, "../..")

/** One run of a process of the product. */
export interface Life {
  /** Where it answers; `undefined` when it died before that. */
  readonly ready: Promise<string | undefined>
  readonly died: Promise<"killed" | "ended by itself">
  readonly isOver: () => boolean
  /** Where it is to die; nowhere any more when `undefined`. */
  readonly dieAt: (death: Death | undefined) => void
  /** Resolves when it is gone. */
  readonly kill: () => Promise<unknown>
}

/** The product in one file: it starts in a fifth of the time, and a crash run starts it more than a hundred times. */
const bundle = async () => {
  const cache = join(root, "node_modules", ".cache") // inside the project, where its dependencies are found
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, "crash-"))
  const file = join(folder, "System.mjs")
  await build({
    input: join(import.meta.dirname, "System.ts"),
    platform: "node",
    external: [/^@whiskeysockets\//],
    logLevel: "silent",
    output: { file, format: "esm", codeSplitting: false }
  })
  return { folder, file }
}
let bundled: ReturnType<typeof bundle> | undefined
let users = 0
/** Runs side by side share one. */
const product = () => {
  users++
  bundled ??= bundle()
  return bundled
}
const leave = async () => {
  if (--users > 0) return
  const last = bundled!
  bundled = undefined
  rmSync((await last).folder, { recursive: true, force: true })
}

/** Lives of the product's processes, which log to `output`. The next one is loaded before anybody asks for it. */
export const lives = async (output: number) => {
  const { file, folder } = await product()
  const all = new Set<Life>()
  let collapses = 0
  let failedStarts = 0

  const load = () => {
    const child = spawn(process.execPath, [file], {
      stdio: ["ignore", output, output, "ipc"],
      env: { ...process.env, NODE_COMPILE_CACHE: join(folder, "compiled") }
    })
    const tell = (told: Told) => void child.send(told, () => {}) // one that has ended is counted by its end
    let wasReady = false
    const died = once(child, "exit").then(([, signal]) => {
      all.delete(life)
      if (signal === "SIGKILL") return "killed"
      if (wasReady) collapses++
      else failedStarts++
      return "ended by itself"
    })
    const url = once(child, "message").then(([told]) => {
      wasReady = true
      return (told as { readonly url: string }).url
    })
    const life: Life = {
      ready: Promise.race([url, died.then(() => undefined)]),
      died,
      isOver: () => !all.has(life),
      dieAt: (death) => tell({ death }),
      kill: () => {
        child.kill("SIGKILL")
        return died
      }
    }
    all.add(life)
    return { life, begin: (orders: Orders) => tell({ orders }) }
  }
  let next = load()

  return {
    begin: (orders: Orders): Life => {
      const { begin, life } = next
      next = load()
      begin(orders)
      return life
    },
    /** How often one that was ready ended without being killed. */
    collapses: () => collapses,
    /** How often one ended, without being killed, before it was ready. */
    failedStarts: () => failedStarts,
    end: async () => {
      await Promise.all([...all].map((life) => life.kill()))
      await leave()
    }
  }
}
export type Lives = Awaited<ReturnType<typeof lives>>
