import type { IncomingMessage, ServerResponse } from "node:http"
import { Option } from "effect"
import type { Asking } from "../http/ClientAddress.ts"
import { closeUnlessComplete } from "../http/Connections.ts"
import { requestIdHeader, requestIdOf } from "../http/RequestContext.ts"
import { requestAnswered } from "../telemetry/Metrics.ts"
import type { Answer } from "./Answer.ts"

/** What doors before the router need of a request, and how they answer it. */

export const headerOf = ({ headers }: IncomingMessage, name: string): string | undefined => {
  const value = headers[name]
  return typeof value === "string" ? value : undefined
}

/** What is kept beside the bytes: it says how they were sent, and nothing of where they came by. */
const kept = ["x-hub-signature-256", "x-hub-signature", "content-type", "content-encoding", "user-agent"]
const longestHeader = 1_024
export const keptHeaders = (request: IncomingMessage): Readonly<Record<string, string>> =>
  Object.fromEntries(
    kept.flatMap((name) => {
      const value = headerOf(request, name)
      return value === undefined ? [] : [[name, value.slice(0, longestHeader)]]
    })
  )

export const askingOf = ({ headers, socket }: IncomingMessage): Asking => ({
  headers: headers as Asking["headers"],
  remoteAddress: Option.fromUndefinedOr(socket.remoteAddress)
})

/** Answers once; what is found out after that nobody hears. */
export const replying = (request: IncomingMessage, response: ServerResponse, route: string) => {
  const begun = performance.now()
  let isSaid = false
  return ({ body, headers, status }: Answer): void => {
    if (isSaid) return
    isSaid = true
    const all = {
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      [requestIdHeader]: requestIdOf(request as Parameters<typeof requestIdOf>[0]),
      "content-length": String(Buffer.byteLength(body)),
      ...headers
    }
    response.writeHead(status, all).end(body)
    closeUnlessComplete(request)
    requestAnswered(request.method ?? "unknown", route, status, performance.now() - begun)
  }
}
