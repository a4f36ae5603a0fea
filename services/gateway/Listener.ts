import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http"
import { isLive } from "../live/Sockets.ts"
import { connectionClosed } from "../telemetry/Metrics.ts"
import { refuseUnreadable } from "./Unreadable.ts"

/**
 * Answers here are whole strings whose length is known, so Node need not count the bytes again. It matters: with that
 * check, which the platform turns on for every answer, Node gives up sending head and body in one write.
 */
class WholeResponse extends ServerResponse<IncomingMessage> {}
Object.defineProperty(WholeResponse.prototype, "strictContentLength", { get: () => false, set: () => {} })

/**
 * Longer than a proxy keeps its own end (Caddy: two minutes), so that it is never this side that closes a connection on
 * which the proxy is just sending a request.
 */
const keepAliveTimeout = 150_000
/** Nothing was read or written for so long, which no wait for a confirmation takes: the far side does not read. */
const silenceTimeout = 90_000

export const listener = ({ connectionLimit }: { readonly connectionLimit?: number }): Server => {
  const server = createServer({
    ServerResponse: WholeResponse,
    shouldUpgradeCallback: isLive, // any other upgraded connection would be out of reach of all that follows
    keepAliveTimeout,
    joinDuplicateHeaders: true, // else the first of two is taken in silence, and a proxy may have judged by the other
    headersTimeout: 15_000,
    requestTimeout: 30_000,
    connectionsCheckingInterval: 5_000,
    maxHeaderSize: 16 * 1024
  })
  server.setTimeout(silenceTimeout)
  if (connectionLimit !== undefined) server.maxConnections = connectionLimit
  server.on("drop", () => {
    connectionClosed("limit")
    server.closeIdleConnections() // whoever only keeps a connection for later makes room for those that ask
  })
  return refuseUnreadable(server)
}
