import { Context, Effect, Layer, Redacted } from "effect"
import { HttpServer } from "effect/http"
import { AgentId } from "#domain/Ids.ts"
import type { WhatsApp } from "#domain/ports/WhatsApp.ts"
import type { SenderOptions } from "#mac-agent/sending/Sender.ts"
import { type GatewayOptions, gateway } from "../layers/Gateway.ts"
import { apart, both, embedded } from "../layers/Processes.ts"
import { type Addresses, nowhere } from "../layers/Settings.ts"

/** The product as tests, benchmarks and crash runs start it: the layers of production, over ports that may be changed. */

/** On a free port of this machine; the reconciler as an installation has it. */
export const optionsOf = (apiKey: string, others: Partial<GatewayOptions> = {}): GatewayOptions => ({
  agent: AgentId.make("home"),
  region: "test",
  apiKey: Redacted.make(apiKey),
  http: { host: "127.0.0.1", port: 0, phoneCountryCode: undefined, drainTimeoutMs: 500 },
  queueLimits: { perDevice: 10_000, total: 10_000, waits: 10_000 },
  reconciler: { everyMillis: 30_000, patienceMillis: 60_000, graceMillis: 60_000 },
  ...others
})

/** The servers there are. */
export interface ServerUrls {
  readonly eventStore?: string | undefined
  readonly nats?: string | undefined
  readonly database?: string | undefined
}

const secret = (url: string | undefined) => (url === undefined ? undefined : Redacted.make(url))
export const addressesOf = ({ database, eventStore, nats }: ServerUrls): Addresses => ({
  ...nowhere,
  eventStoreUrl: secret(eventStore),
  natsUrl: secret(nats),
  databaseUrl: secret(database)
})

/** What stands in place of the servers and files, or before them: a bus that is slow, a store that fails. */
interface Over<Ports> {
  readonly addresses?: Addresses
  readonly ports?: Layer.Layer<never, unknown, Ports>
}

/** Gateway and agent in this process. */
export const together = <E, R>(
  folder: string,
  options: GatewayOptions,
  session: Layer.Layer<WhatsApp, E, R>,
  {
    addresses = nowhere,
    ports = Layer.empty,
    sender = {}
  }: Over<Layer.Success<ReturnType<typeof embedded>>> & { readonly sender?: SenderOptions } = {}
) => both(options, session, sender).pipe(Layer.provideMerge(ports), Layer.provideMerge(embedded(folder, addresses)))

/** The gateway alone. */
export const alone = (
  folder: string,
  options: GatewayOptions,
  { addresses = nowhere, ports = Layer.empty }: Over<Layer.Success<ReturnType<typeof apart>>> = {}
) => gateway(options).pipe(Layer.provideMerge(ports), Layer.provideMerge(apart(folder, addresses)))

/** Starts it; it ends with the scope. Answers where it listens, and what stands behind the door. */
export const listening = <A, E, R>(product: Layer.Layer<A | HttpServer.HttpServer, E, R>) =>
  Effect.map(Layer.build(product), (services) => {
    const { address } = Context.get(services, HttpServer.HttpServer)
    return { services, url: HttpServer.formatAddress(address).replace(/\/$/, "") }
  })
