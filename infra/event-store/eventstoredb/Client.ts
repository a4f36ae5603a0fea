import { readFileSync } from "node:fs"
import { EventStoreDBClient } from "@eventstore/db-client"
import { Effect, Redacted } from "effect"
import type { Connection } from "./ConnectionString.ts"
import { EventStoreDbUnfit } from "./EventStoreDbUnfit.ts"

/** The library's client, with what it learns of its server made visible. */
export class Client extends EventStoreDBClient {
  get serverVersion(): Promise<string> {
    return this.capabilities.then(({ serverVersion }) => serverVersion)
  }
}

/** Looks for the leader without end: a search that gives up rejects a promise that nobody in the library awaits. */
const search = {
  nodePreference: "leader",
  maxDiscoverAttempts: Number.MAX_SAFE_INTEGER,
  discoveryInterval: 500
} as const

const make = ({ credentials, discover, hosts, tls, tlsCAFile }: Connection) => {
  const security = { insecure: !tls, ...(tlsCAFile !== undefined && { rootCertificate: readFileSync(tlsCAFile) }) }
  const user = credentials && { username: credentials.username, password: Redacted.value(credentials.password) }
  if (!discover) return new Client({ endpoint: hosts[0] }, security, user)
  if (hosts.length === 1) return new Client({ ...search, discover: hosts[0] }, security, user)
  return new Client({ ...search, endpoints: [...hosts] }, security, user)
}

/** Connects when it is first used. One per process is enough: all calls share one connection. */
export const connect = (connection: Connection) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => make(connection),
      catch: () => new EventStoreDbUnfit({ reason: "the file named by tlsCAFile cannot be read" })
    }),
    (client) => Effect.promise(() => client.dispose()).pipe(Effect.timeoutOption("1 second"))
  )
