import { accessSync, constants, globSync } from "node:fs"
import { delimiter, join } from "node:path"
import { describe } from "@effect/vitest"

/** What tests run themselves: servers as an installation has them, not stand-ins; clocks that are wrong; and a browser. */
export const servers = ["nats-server", "PostgreSQL", "libfaketime", "Chromium"] as const
export type Server = (typeof servers)[number]

/** Debian keeps PostgreSQL's own programs off the PATH, one folder per major version. */
const debian = () => globSync("/usr/lib/postgresql/*/bin").toSorted((a, b) => version(b) - version(a))
const version = (folder: string) => Number(folder.split("/").at(-2))

const executable = (path: string) => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The whole path of a server's program; of PostgreSQL's the newest. */
export const programOf = (name: string): string | undefined =>
  [...(process.env.PATH ?? "").split(delimiter), ...debian()].map((folder) => join(folder, name)).find(executable)

/** What a process loads before all else to be told another time. */
export const faketime = (): string | undefined => globSync("/usr/lib/*/faketime/libfaketime.so.1")[0]

const found: Record<Server, () => string | undefined> = {
  "nats-server": () => programOf("nats-server"),
  PostgreSQL: () => programOf("initdb"),
  libfaketime: faketime,
  Chromium: () => programOf("chromium")
}
export const isInstalled = (server: Server) => found[server]() !== undefined

/** The mark in a suite's name by which the summary finds what was skipped, and for want of what. */
export const wants = (server: Server) => `(with ${server})`

/** A suite that needs a server of its own; skipped, and named in the summary, where there is none. */
export const describeWith = (server: Server, name: string, body: () => void) =>
  describe.skipIf(!isInstalled(server))(`${name} ${wants(server)}`, body)
