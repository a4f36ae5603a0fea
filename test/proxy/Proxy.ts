import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { Effect, type Scope } from "effect"
import { type Direction, type Faults, healthy, Weather } from "./Faults.ts"
import { abort, type LaneOptions, lane } from "./Lane.ts"

export interface Proxy {
  readonly port: number
  /** The server's address with this proxy's port in it. */
  readonly through: (url: string) => string
  /** From now on this is wrong with the network, and nothing else. */
  readonly set: (faults: Partial<Faults>) => Effect.Effect<void>
  readonly heal: Effect.Effect<void>
  /** This is wrong while the effect runs. */
  readonly during: (faults: Partial<Faults>) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Every connection is reset now. New ones are taken. */
  readonly cut: Effect.Effect<void>
  /** How many connections are open. */
  readonly connections: Effect.Effect<number>
}

export interface ProxyOptions {
  /** Sees every piece as it comes in, before anything happens to it. */
  readonly tap?: (direction: Direction, bytes: Buffer, connection: number) => void
  /** Decides what is lost. */
  readonly random?: () => number
}

/**
 * Stands between somebody and a TCP server on this machine, and does to their bytes what networks do. Connections are
 * accepted also while it is silent: a new one looks like one to a server that has fallen silent.
 */
export const proxy = (
  to: number,
  { random = Math.random, tap = () => {} }: ProxyOptions = {}
): Effect.Effect<Proxy, never, Scope.Scope> =>
  Effect.gen(function* () {
    const weather = new Weather().setMaxListeners(0)
    const open = new Set<Connection>()
    let accepted = 0
    const accept = (client: Socket) => {
      const number = accepted++
      const connection = join(client, { to, weather, random, tap: (way, bytes) => tap(way, bytes, number) })
      open.add(connection)
      void connection.ended.then(() => open.delete(connection))
    }
    const cut = Effect.promise(async () => {
      const all = [...open]
      for (const connection of all) connection.reset()
      await Promise.all(all.map(({ ended }) => ended))
    })
    const server = yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const listening = createServer({ allowHalfOpen: true }, accept)
        await once(listening.listen(0, "127.0.0.1"), "listening")
        return listening
      }),
      (listening) =>
        Effect.andThen(
          Effect.sync(() => listening.close()),
          cut
        )
    )
    const { port } = server.address() as AddressInfo
    const set = (faults: Partial<Faults>) =>
      Effect.sync(() => {
        if (weather.now.halfOpen && !faults.halfOpen) for (const connection of open) connection.reset()
        weather.set({ ...healthy, ...faults })
      })
    return {
      port,
      through: (url) => {
        const changed = new URL(url)
        changed.port = String(port)
        return changed.href
      },
      set,
      heal: set({}),
      during: (faults) => (effect) =>
        Effect.acquireUseRelease(
          set(faults),
          () => effect,
          () => set({})
        ),
      cut,
      connections: Effect.sync(() => open.size)
    }
  })

interface Connection {
  readonly reset: () => void
  readonly ended: Promise<unknown>
}

type Between = Pick<LaneOptions, "random" | "tap" | "weather"> & { readonly to: number }

/** A connection to us and its twin to the server. */
const join = (client: Socket, { to, ...options }: Between): Connection => {
  const server = connect({ port: to, host: "127.0.0.1", allowHalfOpen: true })
  const sockets = [client, server]
  const ending = new AbortController()
  const { signal } = ending
  const reset = () => {
    if (signal.aborted) return
    ending.abort()
    for (const socket of sockets) abort(socket)
  }
  const lose = () => {
    for (const socket of sockets) socket.pause().removeAllListeners("data")
    const timer = setTimeout(reset, options.weather.now.loss.stallMillis)
    signal.addEventListener("abort", () => clearTimeout(timer))
  }
  for (const socket of sockets) socket.setNoDelay(true)
  const shared = { ...options, lose, signal }
  const lanes = [
    lane({ ...shared, from: client, to: server, direction: "toServer" }),
    lane({ ...shared, from: server, to: client, direction: "toClient" })
  ]
  for (const run of lanes) void run().catch(reset)
  const closed = sockets.map((socket) => new Promise((resolve) => socket.once("close", resolve)))
  return { reset, ended: Promise.all(closed).then(() => ending.abort()) }
}
