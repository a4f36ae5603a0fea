import { Context, Effect, Layer, type Redacted } from "effect"
import type { AgentId } from "#domain/Ids.ts"
import { CommandBus } from "#domain/ports/CommandBus.ts"
import { EventBus } from "#domain/ports/EventBus.ts"
import * as Acknowledgements from "./Acknowledgements.ts"
import * as Connection from "./Connection.ts"
import * as DeadLetters from "./DeadLetters.ts"
import * as EventStream from "./EventStream.ts"
import * as Keeper from "./Keeper.ts"
import { inboxOf } from "./Names.ts"
import * as Neighbours from "./Neighbours.ts"
import * as Publisher from "./Publisher.ts"
import * as Subscriber from "./Subscriber.ts"
import { defaults, type Tuning } from "./Tuning.ts"

export type Options = {
  /** `nats://host:port` or `tls://host:port`, several with commas. */
  readonly url: string
  /** A PEM file: the certificate authority to trust instead of the public ones. */
  readonly caFile?: string | undefined
  /** See `Nkey.ts`. Without one the server must let everybody in. */
  readonly nkeySeed?: Redacted.Redacted | undefined
  readonly tuning?: Partial<Tuning>
} & (
  | /** Makes streams and consumers, for whatever agent it speaks with. */ {
      readonly role: "gateway"
      /** Without, no events are published. */
      readonly events?: EventStream.Options | undefined
    }
  | /** Waits until its gateway has made them. */ { readonly role: "agent"; readonly agent: AgentId }
)

/** What the server behind the bus promises of an envelope it took, in words for whoever runs this. */
export class JetStreamServer extends Context.Service<
  JetStreamServer,
  {
    readonly describe: () => string
    /** Which streams it has no room for, while that is so. */
    readonly shortage: () => string | undefined
    /** From 0 to 1: how full the fullest stream of an agent was when it was last looked at. */
    readonly fullness: () => number
  }
>()("homing/infra/bus/jetstream/JetStreamServer") {}

/**
 * The command bus on NATS JetStream, servers from 2.9.10 on. Builds without a server, reconnects for ever, and heals
 * streams and consumers. `publish` completes when the server has stored the envelopes; what that is worth after a power
 * loss depends on the server, and is made good by the reconciler.
 */
export const layer = (options: Options) =>
  Layer.effectContext(
    Effect.gen(function* () {
      const tuning = { ...defaults, ...options.tuning }
      const gateway = options.role === "gateway"
      const connection = yield* Connection.open({
        url: options.url,
        caFile: options.caFile,
        nkeySeed: options.nkeySeed,
        inboxPrefix: inboxOf(options.role === "gateway" ? "gateway" : options)
      })
      const acknowledgements = yield* Acknowledgements.make(connection, tuning)
      const keeper = gateway ? yield* Keeper.make(connection, tuning) : Keeper.bystander
      if (gateway) yield* DeadLetters.follow(connection, keeper, acknowledgements, tuning)
      const isShared = options.role === "gateway" ? yield* Neighbours.listen(connection) : () => false
      if (options.role === "agent") yield* Neighbours.knock(connection, options.agent)
      const eventBus =
        options.role === "gateway" && options.events !== undefined
          ? EventStream.make(connection, tuning, options.events)
          : undefined
      return Context.make(CommandBus, {
        publish: yield* Publisher.make(connection, keeper, tuning),
        subscribe: Subscriber.make(connection, keeper, acknowledgements, tuning),
        answer: Effect.flatMap(connection.link, ({ nc }) => Effect.asVoid(Connection.ask(() => nc.rtt())))
      }).pipe(
        Context.add(JetStreamServer, {
          describe: () => describe(connection.version(), isShared()),
          shortage: keeper.shortage,
          fullness: keeper.fullness
        }),
        Context.add(EventBus, eventBus)
      )
    })
  )

/** The server does not tell its `sync_interval`; before 2.10 there is none to set. */
const describe = (version: string | undefined, isShared: boolean): string => {
  if (version === undefined) return "JetStream: not reached yet; what it forgets is issued again from the log"
  const [major = 0, minor = 0] = version.split(".").map(Number)
  const synced =
    major > 2 || minor >= 10
      ? "to disk every 2 minutes unless its sync_interval says otherwise"
      : "to disk every 2 minutes, whatever it is told"
  return `JetStream ${version}: envelopes are written before they are acknowledged, ${synced}; what it forgets is issued again from the log${isShared ? ". Agents and gateway share an account: its configuration is an older release's" : ""}`
}
