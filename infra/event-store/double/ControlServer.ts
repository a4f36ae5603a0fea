import { createServer, type IncomingMessage } from "node:http"
import { Option, Schema } from "effect"
import type { ActiveFaults } from "./ActiveFaults.ts"
import { Fault } from "./Faults.ts"
import { serverVersion } from "./Server.ts"

const largestBody = 64 * 1024
/** Longer than whoever asks keeps a connection that is not used. */
const keepAliveTimeout = 150_000

interface Answer {
  readonly status: number
  readonly body?: unknown
}

// A misspelt fault must not pass for one that is switched on.
const decodeFault = Schema.decodeUnknownOption(Schema.fromJsonString(Fault), { onExcessProperty: "error" })

/**
 * Steers the faults: `GET`, `POST` (one fault) and `DELETE` (all) of `/faults`. Also what the real server says over
 * HTTP on its own port: `/info` and `/health/live`.
 */
export const controlServer = (faults: ActiveFaults) =>
  createServer({ keepAliveTimeout }, async (request, response) => {
    const { body, status } = await handle(faults, request)
    response.writeHead(status, { "content-type": "application/json" })
    response.end(body === undefined ? undefined : JSON.stringify(body))
  })

const handle = async (faults: ActiveFaults, request: IncomingMessage): Promise<Answer> => {
  if (request.headers.origin !== undefined) return { status: 403 } // not for web pages
  switch (`${request.method} ${request.url}`) {
    case "GET /health/live":
      return { status: 204 }
    case "GET /info":
      return { status: 200, body: info }
    case "GET /faults":
      return { status: 200, body: faults.list }
    case "DELETE /faults":
      faults.lift()
      return { status: 200, body: faults.list }
    case "POST /faults": {
      const fault = decodeFault(await readBody(request))
      if (Option.isNone(fault)) return { status: 400, body: { error: "no such fault" } }
      faults.add(fault.value)
      return { status: 200, body: faults.list }
    }
    default:
      return { status: 404 }
  }
}

const info = {
  esVersion: serverVersion,
  state: "leader",
  features: { projections: false, userManagement: false, atomPub: false },
  authentication: { type: "insecure", properties: null }
}

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.byteLength
    if (length > largestBody) return ""
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
