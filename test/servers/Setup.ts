import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { relative } from "node:path"
import type { TestModule, TestProject } from "vitest/node"
import { shared } from "./Cluster.ts"
import { isInstalled, type Server, servers, wants } from "./Installed.ts"

const packages: Record<Server, string> = {
  "nats-server": "nats-server",
  PostgreSQL: "postgresql",
  libfaketime: "libfaketime",
  Chromium: "chromium"
}
const eventStoreDb = "infra/event-store/eventstoredb/EventStoreDb.test.ts"
const missing = () => servers.filter((server) => !isInstalled(server))
const say = (line: string) => process.stderr.write(`${line}\n`)

/** The distribution's own lock: runs that start together install one after the other. */
const apt = (...args: ReadonlyArray<string>) =>
  spawnSync("apt-get", ["-qq", "-o", "DPkg::Lock::Timeout=300", ...args], {
    // a package's service is not started: tests start their own
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    stdio: "ignore"
  }).status === 0

const install = (wanted: ReadonlyArray<Server>) => {
  const names = wanted.map((server) => packages[server])
  const get = () => apt("install", "--yes", ...names)
  const done = get() || (apt("update") && get())
  say(`${done ? "installed" : "could not install"} ${names.join(" and ")} with apt-get: tests need the real servers`)
}

const skipped = (modules: ReadonlyArray<TestModule>, server: Server) =>
  modules
    .filter((module) => [...module.children.allSuites()].some(({ name }) => name.includes(wants(server))))
    .map(({ moduleId }) => relative(process.cwd(), moduleId))

/** Before all tests: sees to the servers. After them: says what was skipped for want of one. */
export default ({ vitest }: TestProject) => {
  if (missing().length > 0 && existsSync("/usr/bin/apt-get") && process.getuid?.() === 0) install(missing())
  const lacking = missing()
  if (lacking.length > 0 && process.env.CI === "true") {
    throw new Error(`not installed, and nothing is skipped where CI=true: ${lacking.join(", ")}`)
  }
  const forget = shared()
  return () => {
    forget()
    const modules = vitest.state.getTestModules()
    if (process.env.EVENTSTORE_URL === undefined && modules.some(({ moduleId }) => moduleId.endsWith(eventStoreDb))) {
      say("EventStoreDB real: not run, EVENTSTORE_URL is not set; its contract was held against the stand-in alone")
    }
    for (const server of lacking) {
      const files = skipped(modules, server)
      if (files.length > 0) say(`skipped, because ${server} is not installed: ${files.join(", ")}`)
    }
  }
}
