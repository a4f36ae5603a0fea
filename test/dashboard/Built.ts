import { execFileSync } from "node:child_process"
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from "node:fs"
import { join, resolve } from "node:path"
import { setTimeout } from "node:timers/promises"

const root = resolve(import.meta.dirname, "../..")
const lock = join(root, "node_modules/.cache/dashboard.lock")
const made = join(root, "services/dashboard/dist/index.html")
/** What the pages are made of. */
const sources = [
  "services/dashboard/app",
  "services/dashboard/vite.config.ts",
  "services/api",
  "domain",
  "package.json"
]

const changedAt = (place: string): number => {
  const status = statSync(join(root, place))
  if (!status.isDirectory()) return status.mtimeMs
  return Math.max(0, ...readdirSync(join(root, place)).map((name) => changedAt(join(place, name))))
}
const isBuilt = () => existsSync(made) && statSync(made).mtimeMs > Math.max(...sources.map(changedAt))

const held = (): boolean => {
  try {
    mkdirSync(join(lock, ".."), { recursive: true })
    closeSync(openSync(lock, "wx"))
    return true
  } catch {
    return false
  }
}

const patienceMillis = 120_000

/** Sees to the pages as the sources have them: built once, whoever of several processes is first. */
export const built = async (): Promise<void> => {
  const end = Date.now() + patienceMillis
  while (!isBuilt()) {
    if (held()) {
      try {
        if (!isBuilt()) execFileSync(process.execPath, ["services/dashboard/Build.ts"], { cwd: root, stdio: "pipe" })
      } finally {
        rmSync(lock)
      }
    } else if (Date.now() > end) {
      throw new Error(`${lock} was left behind: remove it`)
    } else {
      await setTimeout(200)
    }
  }
}
