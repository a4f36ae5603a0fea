import { Layer } from "effect"
import * as Live from "./Live.ts"
import * as LiveHttp from "./LiveHttp.ts"
import * as Sockets from "./Sockets.ts"

export interface Options extends Live.Options, Sockets.Options {}

const defaults: Options = {
  connections: 5_000,
  connectionsPerKey: 1_000,
  authTimeoutSeconds: 5,
  strangers: 500,
  strangersPerAddress: 50
}

/** What happens, as it happens, over connections that stay. */
export const layer = (options: Partial<Options> = {}) =>
  Layer.mergeAll(LiveHttp.layer, Sockets.layer({ ...defaults, ...options })).pipe(
    Layer.provideMerge(Live.layer({ ...defaults, ...options }))
  )
