import { readFileSync } from "node:fs"
import {
  type Credentials,
  convertToCommandError,
  type DNSClusterOptions,
  EventStoreDBClient,
  type GossipClusterOptions,
  type SingleNodeOptions
} from "@eventstore/db-client"
import streamsService from "@eventstore/db-client/generated/streams_grpc_pb.js"
import type streams from "@eventstore/db-client/generated/streams_pb.js"
import { Effect, Redacted } from "effect"
import { channels, type Security } from "./Channels.ts"
import type { Connection } from "./ConnectionString.ts"
import { EventStoreDbUnfit } from "./EventStoreDbUnfit.ts"

/**
 * The library's client, with an append of our own on it, for neither of the library's can be trusted with a process, and a
 * connection of its own, which can be ended.
 */
export class Client extends EventStoreDBClient {
  readonly #channels: ReturnType<typeof channels>
  #hasEnded = false

  constructor(
    settings: SingleNodeOptions | DNSClusterOptions | GossipClusterOptions,
    security: Security,
    user: Credentials | undefined
  ) {
    super(settings as SingleNodeOptions, security, user) // its types want to know which of them
    this.#channels = channels(security)
    // private, but a property of each client, and asked by nobody but the client itself
    Object.assign(this, { createChannel: async () => this.#channels.open(await this.resolveUri()) })
  }

  /** Whether it knows whom to connect to: in a cluster, the leader. */
  get hasFound(): boolean {
    return this.#channels.isOpen()
  }

  /** Its calls end then too, and not all of them with an error. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Ends its calls and its connections. Nobody waits for it: the library waits for calls that the server has ended. */
  end(): void {
    this.#hasEnded = true
    void this.dispose()
    this.#channels.cut()
  }

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

const clientOf = ({ credentials, discover, hosts, tls, tlsCAFile }: Connection) => {
  const security = { insecure: !tls, ...(tlsCAFile !== undefined && { rootCertificate: readFileSync(tlsCAFile) }) }
  const user = credentials && { username: credentials.username, password: Redacted.value(credentials.password) }
  if (!discover) return new Client({ endpoint: hosts[0] }, security, user)
  if (hosts.length === 1) return new Client({ ...search, discover: hosts[0] }, security, user)
  return new Client({ ...search, endpoints: [...hosts] }, security, user)
}

/** Connects when it is first used: all its calls share one connection. */
export const make = (connection: Connection): Effect.Effect<Client, EventStoreDbUnfit> =>
  Effect.try({
    try: () => clientOf(connection),
    catch: () => new EventStoreDbUnfit({ reason: "the file named by tlsCAFile cannot be read" })
  })
