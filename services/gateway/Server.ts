import type { IncomingMessage, Server, ServerResponse } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer" // not by way of the package's index: that loads all of it
import { ByteSize, Effect, Layer } from "effect"
import { HttpIncomingMessage, HttpRouter } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { notice } from "#domain/Notice.ts"
import { after, every } from "#domain/Timer.ts"
import { Api } from "../api/Api.ts"
import { Feed } from "../events/Feed.ts"
import type * as Admission from "../http/Admission.ts"
import { maxBodyBytes } from "../http/Body.ts"
import { track } from "../http/Connections.ts"
import { exactPaths } from "../http/Paths.ts"
import { SideDoor } from "../http/SideDoor.ts"
import { Live } from "../live/Live.ts"
import { Sockets } from "../live/Sockets.ts"
import { Messages } from "../messages/Messages.ts"
import { Stop } from "../runtime/Stop.ts"
import * as DocsHttp from "./DocsHttp.ts"
import * as Edge from "./Edge.ts"
import { listener } from "./Listener.ts"

export interface Options extends Admission.Options, Edge.Options {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Of national phone numbers; without it only international ones are understood. */
  readonly phoneCountryCode: string | undefined
  /** Further ones are closed unheard. Without: as many as the system allows. */
  readonly connectionLimit?: number
  /** How long a stop may take: open requests may end first, and what the agent has under way in the time that is left. */
  readonly drainTimeoutMs: number
}

const routes = HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" })

const sweepMillis = 20

/**
 * Runs first when the scope closes. From then on every request is refused, and open waits are answered with what is
 * known; a connection that falls silent is closed at once, where Node would wait for the caller's next request; what is
 * left after the time given is cut off.
 */
const beginShutdown = (server: Server, { drainTimeoutMs }: Options) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { closeIdle, requests } = track(server)
      const waits = [(yield* Messages).releaseWaits, (yield* Feed).releaseWaits, (yield* Live).end]
      const stop = yield* Stop
      const close = Effect.sync(() => {
        const sweep = every(sweepMillis, closeIdle)
        const cut = after(drainTimeoutMs + cutOffGraceMillis, () => server.closeAllConnections())
        server.once("close", () => {
          sweep.stop()
          cut.stop()
        })
      })
      const told = Effect.suspend(() =>
        notice(
          Effect.logInfo("stopping: open requests are answered", { requests: requests(), withinMs: drainTimeoutMs })
        )
      )
      yield* Effect.addFinalizer(() => Effect.all([stop.begin, told, close, ...waits], { discard: true }))
    })
  )

/** By the gateway's own hand: the platform would take the request through the router, where it has to say its key first. */
const upgrades = (server: Server) =>
  Layer.effectDiscard(Effect.map(Sockets, ({ accept }) => server.removeAllListeners("upgrade").on("upgrade", accept)))

/** What is taken by a side door never reaches the router. Before anything else listens, so that all else hears of both. */
const diversions = (server: Server) =>
  Layer.effectDiscard(
    Effect.map(SideDoor, (takes) => {
      for (const event of ["request", "checkContinue"]) {
        const routes = server.listeners(event)
        server.removeAllListeners(event)
        server.on(event, (request: IncomingMessage, response: ServerResponse) => {
          if (!takes(request, response)) for (const route of routes) route(request, response)
        })
      }
    })
  )

/** For the answers to what is interrupted when the time is over. */
const cutOffGraceMillis = 250

/**
 * The front door, open. When its scope closes it takes no new connection, lets open requests end, and is gone soon after
 * `drainTimeoutMs` at the latest. `others`: routes of other parts, pages say.
 */
export const layer = <E = never, R = never>(options: Options, others?: Layer.Layer<never, E, R>) =>
  Layer.suspend(() => {
    const server = listener(options)
    const all = Layer.mergeAll(routes, DocsHttp.layer, Edge.layer(options))
    const app = others === undefined ? all : Layer.merge(all, others)
    return Layer.merge(beginShutdown(server, options), upgrades(server)).pipe(
      Layer.provideMerge(diversions(server)),
      Layer.provideMerge(
        HttpRouter.serve(app, { disableLogger: true, disableListenLog: true, routerConfig: exactPaths })
      ),
      Layer.provide(Layer.succeed(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(maxBodyBytes))),
      Layer.provideMerge(
        NodeHttpServer.layer(() => server, {
          host: options.host,
          port: options.port,
          gracefulShutdownTimeout: options.drainTimeoutMs
        })
      )
    )
  })
