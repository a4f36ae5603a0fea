import { request } from "node:http"
import type { Socket } from "node:net"
import { OutboundFailed, type OutboundQuestion } from "#domain/ports/OutboundHttp.ts"
import { codeOf } from "./CodeOf.ts"
import type { Heard } from "./Heard.ts"
import type { Target } from "./Target.ts"

const longestHeader = 16_384
const mostInterim = 16
/** Of whatever is sent: frames of chunks and interim answers are no body, and have no end of their own. */
const mostBytesOf = (longest: number) => 8 * longest

/** What is asked, by which method, and how much of the answer is wanted. */
export interface Asked extends OutboundQuestion {
  readonly method: "GET" | "POST"
  readonly body: Uint8Array | undefined
  readonly longestBody: number
}

const broken = (error: unknown) => new OutboundFailed({ kind: "broken", code: codeOf(error) })

/**
 * Asks over this connection, once, and writes down what is heard until it has an end, or says why there is no answer. The connection is the caller's to
 * close, and there is no other: Node is given no agent, and nothing by which it could dial.
 */
export const exchange = (
  socket: Socket,
  { authority, path }: Target,
  { body, headers, longestBody, method }: Asked,
  heard: Heard
): Promise<OutboundFailed | undefined> =>
  new Promise((resolve) => {
    const end = (error?: unknown) => {
      heard.end()
      resolve(heard.status === undefined ? broken(error) : undefined)
    }
    if (socket.destroyed) return end()
    const asking = request({
      createConnection: () => socket,
      method,
      path,
      setHost: false,
      headers: {
        ...headers,
        host: authority,
        connection: "close",
        ...(body !== undefined && { "content-length": body.length })
      },
      maxHeaderSize: longestHeader,
      insecureHTTPParser: false // also where the process was started otherwise
    })
    const mostBytes = mostBytesOf(longestBody)
    let interim = 0
    asking
      .on("error", end)
      .on("close", () => {
        if (heard.status === undefined) end() // an answer has an end of its own, and may have it later
      })
      .on("information", () => {
        if (++interim > mostInterim) end()
      })
      .on("upgrade", () => end())
      .on("socket", () =>
        socket.on("data", () => {
          if (socket.bytesRead > mostBytes) end()
        })
      )
      .on("response", (answer) => {
        const { statusCode = 0 } = answer
        if (statusCode < 200) return end()
        heard.begin(statusCode, answer.headers["retry-after"])
        answer
          .on("data", (chunk: Buffer) => {
            if (!heard.take(chunk)) end()
          })
          .on("end", () => {
            heard.complete()
            end()
          })
          .on("error", end)
          .on("close", () => end())
      })
      .end(body)
  })
