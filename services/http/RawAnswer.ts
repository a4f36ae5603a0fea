import { STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import { contentType, type Problem } from "../api/Problems.ts"
import { closeSoon } from "./Connections.ts"

/** Answers on a connection on which no request is being answered, and closes it. */
export const answerRaw = (socket: Duplex, found: Problem, headers: Readonly<Record<string, string>> = {}): void => {
  const body = JSON.stringify(found)
  const lines = {
    connection: "close",
    "content-type": contentType,
    "content-length": String(Buffer.byteLength(body)),
    "cache-control": "no-store",
    "x-request-id": globalThis.crypto.randomUUID(),
    ...headers
  }
  const written = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${found.status} ${STATUS_CODES[found.status]}\r\n${written.join("")}\r\n${body}`)
  closeSoon(socket)
}
