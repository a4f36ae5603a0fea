import { Resolver } from "node:dns/promises"
import { readFile } from "node:fs/promises"

/** Every address of a name, as it is now. Rejects when there is none, or nobody says. */
export type Resolve = (name: string, signal: AbortSignal) => Promise<ReadonlyArray<string>>

const hostsFile = "/etc/hosts"

const inHosts = async (name: string): Promise<ReadonlyArray<string>> => {
  const text = await readFile(hostsFile, "utf8").catch(() => "")
  const found = text.split("\n").flatMap((line) => {
    const [address, ...names] = line.replace(/#.*/, "").trim().toLowerCase().split(/\s+/)
    return address !== undefined && names.includes(name) ? [address] : []
  })
  return found.length === 0 && /(^|\.)localhost$/.test(name) ? ["127.0.0.1", "::1"] : found
}

/**
 * The machine's own file, then its name servers, asked for the name as it is written. Not by way of the system's
 * `getaddrinfo`: that has four threads for all, which four names that nobody answers for would hold. `servers`: others than
 * the system's.
 */
export const resolving =
  (servers?: ReadonlyArray<string>): Resolve =>
  async (name, signal) => {
    const known = await inHosts(name)
    if (known.length > 0) return known
    const resolver = new Resolver({ timeout: 1_000, tries: 2 })
    if (servers !== undefined) resolver.setServers(servers)
    const stop = () => resolver.cancel()
    signal.addEventListener("abort", stop)
    try {
      const [four, six] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
      if (four.status === "rejected" && six.status === "rejected") throw four.reason
      return [four, six].flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []))
    } finally {
      signal.removeEventListener("abort", stop)
    }
  }
