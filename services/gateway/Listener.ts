import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http"
import { refuseUnreadable } from "./http/Unreadable.ts"

/**
 * Answers here are whole strings whose length is known, so Node need not count the bytes again. It matters: with that
 * check, which the platform turns on for every answer, Node gives up sending head and body in one write.
 */
class WholeResponse extends ServerResponse<IncomingMessage> {}
Object.defineProperty(WholeResponse.prototype, "strictContentLength", { get: () => false, set: () => {} })

export const listener = ({ connectionLimit }: { readonly connectionLimit?: number }): Server => {
  const server = createServer({
    ServerResponse: WholeResponse,
    keepAliveTimeout: 5_000,
    joinDuplicateHeaders: true, // else the first of two is taken in silence, and a proxy may have judged by the other
    headersTimeout: 15_000,
    requestTimeout: 30_000,
    connectionsCheckingInterval: 5_000,
    maxHeaderSize: 16 * 1024
  })
  if (connectionLimit !== undefined) server.maxConnections = connectionLimit
  return refuseUnreadable(server)
}
