import { readFileSync } from "node:fs"
import { convertToCommandError, EventStoreDBClient } from "@eventstore/db-client"
import streamsService from "@eventstore/db-client/generated/streams_grpc_pb.js"
import type streams from "@eventstore/db-client/generated/streams_pb.js"
import { Effect, Redacted } from "effect"
import type { Connection } from "./ConnectionString.ts"
import { EventStoreDbUnfit } from "./EventStoreDbUnfit.ts"

/** The library's connection, with an append of our own on it: neither of the library's can be trusted with a process. */
export class Client extends EventStoreDBClient {
  get serverVersion(): Promise<string> {
    return this.capabilities.then(({ serverVersion }) => serverVersion)
  }

  /**
   * The classic append: one call, its options first, then an event per message. Settles by the deadline. See
   * docs/decisions/024-classic-append.md.
   */
  append(requests: ReadonlyArray<streams.AppendReq>, deadlineMillis: number): Promise<streams.AppendResp> {
    return this.execute(
      streamsService.StreamsClient,
      "append",
      (service) =>
        new Promise((resolve, reject) => {
          const call = service.append(
            ...this.callArguments({ requiresLeader: true, deadline: deadlineMillis }),
            (error, response) => (error === null ? resolve(response) : reject(convertToCommandError(error)))
          )
          call.on("error", reject)
          for (const request of requests) call.write(request)
          call.end()
        })
    )
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

/**
 * Connects when it is first used. One per process is enough: all calls share one connection. Nobody waits for its end:
 * the library waits for calls that the server has ended.
 */
export const connect = (connection: Connection) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => make(connection),
      catch: () => new EventStoreDbUnfit({ reason: "the file named by tlsCAFile cannot be read" })
    }),
    (client) => Effect.sync(() => void client.dispose())
  )
