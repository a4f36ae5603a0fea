import { NodeHttpServer } from "@effect/platform-node"
import { ByteSize, Effect, Layer } from "effect"
import { HttpIncomingMessage, HttpRouter } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { Messages } from "../messaging/Messages.ts"
import { Api } from "./api/Api.ts"
import * as AuthorizationHttp from "./http/AuthorizationHttp.ts"
import { maxBodyBytes } from "./http/Body.ts"
import * as ClientsHttp from "./http/ClientsHttp.ts"
import * as DevicesHttp from "./http/DevicesHttp.ts"
import * as Edge from "./http/Edge.ts"
import * as HealthHttp from "./http/HealthHttp.ts"
import * as MessagesHttp from "./http/MessagesHttp.ts"
import { phoneNumbers } from "./http/PhoneNumbers.ts"
import { listener } from "./Listener.ts"

export interface Options {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Of national phone numbers; without it only international ones are understood. */
  readonly phoneCountryCode: string | undefined
  /** How long a shutdown waits for open requests. */
  readonly drainTimeoutMs: number
}

const routes = ({ phoneCountryCode }: Options) => {
  const phoneNumber = phoneNumbers(phoneCountryCode)
  return HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }).pipe(
    Layer.provide([
      MessagesHttp.layer(phoneNumber),
      DevicesHttp.layer(phoneNumber),
      ClientsHttp.layer,
      HealthHttp.layer
    ]),
    Layer.provide(AuthorizationHttp.layer)
  )
}

/** Runs first when the scope closes: the open requests that would hold up the shutdown are answered now. */
const releaseWaits = Layer.effectDiscard(
  Effect.flatMap(Messages, ({ releaseWaits }) => Effect.addFinalizer(() => releaseWaits))
)

/**
 * The front door, open. When its scope closes it answers open waits with what is known, takes no new connection, lets
 * open requests end, and is gone after `drainTimeoutMs` at the latest. `others`: routes of other parts, pages say.
 */
export const layer = <E = never, R = never>(options: Options, others?: Layer.Layer<never, E, R>) => {
  const all = Layer.mergeAll(routes(options), Edge.layer)
  const app = others === undefined ? all : Layer.merge(all, others)
  return releaseWaits.pipe(
    Layer.provideMerge(HttpRouter.serve(app, { disableLogger: true, disableListenLog: true })),
    Layer.provide(Layer.succeed(HttpIncomingMessage.MaxBodySize, ByteSize.fromInputUnsafe(maxBodyBytes))),
    Layer.provideMerge(
      NodeHttpServer.layer(listener, {
        host: options.host,
        port: options.port,
        gracefulShutdownTimeout: options.drainTimeoutMs
      })
    )
  )
}
