import type { Server } from "node:http"
import type { Duplex } from "node:stream"
import type { ErrorCode } from "../api/ErrorCodes.ts"
import { problem } from "../api/Problems.ts"
import { answerRaw } from "../http/RawAnswer.ts"
import { connectionClosed } from "../telemetry/Metrics.ts"

const codes: Readonly<Record<string, ErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout",
  HPE_HEADER_OVERFLOW: "headers_too_large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "payload_too_large"
}

/** Answers what is not HTTP enough to become a request. Node itself would answer without a body. */
export const refuseUnreadable = (server: Server): Server =>
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex & { readonly bytesWritten?: number }) => {
    if (!socket.writable || error.code === "ECONNRESET") {
      socket.destroy()
      return
    }
    const found = problem(codes[error.code ?? ""] ?? "bad_request")
    connectionClosed(found.code)
    answerRaw(socket, found)
  })
