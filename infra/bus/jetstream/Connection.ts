import { Effect, Exit, Latch, Redacted, type Scope, Stream } from "effect"
import {
  type ConnectionOptions,
  connect,
  createInbox,
  Events,
  type NatsConnection,
  nkeyAuthenticator,
  type Status
} from "nats"
import { Later } from "#domain/Later.ts"
import { patiently } from "#domain/Patience.ts"
import { BusUnavailable } from "#domain/ports/CommandBus.ts"
import { after } from "#domain/Timer.ts"

export interface ConnectionSettings {
  /** `nats://host:port` or `tls://host:port`, several with commas. `tls` refuses a server that does not speak it. */
  readonly url: string
  /** The certificate authority to trust instead of the public ones, a PEM file. */
  readonly caFile?: string | undefined
  /** The user's nkey seed. Without one the server must let everybody in. */
  readonly nkeySeed?: Redacted.Redacted | undefined
  readonly inboxPrefix: string
}

/** One stretch of being connected to one life of a server. */
export interface Link {
  readonly nc: NatsConnection
  /** Names the server's process: another one may hold another store. */
  readonly server: string
  /** Completes when this stretch is over. */
  readonly lost: Effect.Effect<void>
}

export interface Connection {
  /** The link, as soon as there is one. Waits for ever. */
  readonly link: Effect.Effect<Link>
  /** The link if it is there and leads to this life of the server. */
  readonly alive: (server: string) => NatsConnection | undefined
  /** Of the server that was reached last. */
  readonly version: () => string | undefined
  readonly newInbox: () => string
}

/** What differs between two inboxes of one user. */
const inboxToken = /(?<=^_INBOX_[^.]+)\..*$/

/** One question to the server. Everything the library throws ends here. */
export const ask = <A>(question: () => Promise<A>): Effect.Effect<A, BusUnavailable> =>
  Effect.tryPromise({ try: question, catch: (cause) => new BusUnavailable({ cause }) })

const optionsOf = ({ caFile, inboxPrefix, nkeySeed, url }: ConnectionSettings): ConnectionOptions => ({
  servers: url.split(",").map((server) => server.trim()),
  name: `homing ${inboxPrefix.replace("_INBOX_", "")}`,
  inboxPrefix,
  ...(nkeySeed !== undefined && {
    authenticator: nkeyAuthenticator(new TextEncoder().encode(Redacted.value(nkeySeed)))
  }),
  ...((url.startsWith("tls://") || caFile !== undefined) && { tls: caFile === undefined ? {} : { caFile } }),
  timeout: 5_000,
  pingInterval: 10_000,
  maxPingOut: 2,
  maxReconnectAttempts: -1,
  reconnectTimeWait: 250,
  reconnectJitter: 250,
  ignoreAuthErrorAbort: true, // whoever runs the server may still let us in
  noAsyncTraces: true
})

/** Connects in the background and stays connected until the scope closes. Neither waits for a server nor fails without. */
export const open = (settings: ConnectionSettings): Effect.Effect<Connection, never, Scope.Scope> =>
  Effect.gen(function* () {
    const there = yield* Latch.make(false)
    let current: { readonly link: Link; readonly end: Effect.Effect<unknown> } | undefined
    let version: string | undefined
    let troubled = false
    /** Told once per connection: what is refused is tried again and again. */
    const refused = new Set<string>()

    const begin = Effect.fnUntraced(function* (nc: NatsConnection) {
      const over = new Later<void>()
      version = nc.info?.version
      troubled = false
      refused.clear()
      current = {
        link: { nc, server: nc.info?.server_id ?? "", lost: over.told },
        end: Effect.sync(() => over.tell(Exit.void))
      }
      yield* there.open
    })
    const end = Effect.suspend(() => {
      const ended = current
      current = undefined
      return Effect.andThen(there.close, ended?.end ?? Effect.void)
    })

    const hear = (nc: NatsConnection) =>
      Effect.fnUntraced(function* (status: Status) {
        if (status.type === Events.Disconnect) {
          yield* end
          yield* Effect.logWarning("the connection to the bus is lost; it is made again")
        } else if (status.type === Events.Reconnect) {
          yield* begin(nc)
          yield* Effect.logInfo("the connection to the bus is back")
        } else if (status.type === Events.Error) {
          const { operation, subject } = status.permissionContext ?? {}
          const what = `${status.data} ${operation} ${subject?.replace(inboxToken, "")}`
          if (refused.has(what)) return
          refused.add(what)
          yield* Effect.logWarning("the bus refuses", { reason: String(status.data), operation, lane: subject })
        }
      })

    /** From connecting until the library gives up, which it is told not to. */
    const life = Effect.gen(function* () {
      const nc = yield* Effect.acquireRelease(
        Effect.tryPromise((signal) =>
          connect(optionsOf(settings)).then((nc) => {
            if (signal.aborted) void nc.close()
            return nc
          })
        ),
        (nc) =>
          Effect.andThen(
            end,
            // what was said last, acknowledgements among it, is heard before the line goes dead
            Effect.promise(() =>
              Promise.race([nc.flush(), new Promise<void>((passed) => after(1_000, passed))])
                .then(() => nc.close())
                .catch(() => {})
            )
          ),
        { interruptible: true }
      )
      const statuses = nc.status()
      yield* begin(nc)
      yield* Stream.fromAsyncIterable(statuses, (cause) => cause).pipe(Stream.runForEach(hear(nc)))
    }).pipe(
      Effect.scoped,
      Effect.tapCause((cause) => {
        if (troubled) return Effect.void
        troubled = true
        return Effect.logWarning("the bus cannot be reached; it is tried again", cause)
      }),
      Effect.sandbox,
      Effect.retry(patiently),
      Effect.andThen(Effect.sleep("1 second")),
      Effect.forever
    )
    yield* Effect.forkScoped(life)

    return {
      link: Effect.suspend(function wait(): Effect.Effect<Link> {
        return current === undefined ? Effect.andThen(there.await, Effect.suspend(wait)) : Effect.succeed(current.link)
      }),
      alive: (server) => (current?.link.server === server ? current.link.nc : undefined),
      version: () => version,
      newInbox: () => createInbox(settings.inboxPrefix)
    }
  })
