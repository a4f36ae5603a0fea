import type { Socket } from "node:net"
import { Effect } from "effect"
import { Client } from "undici"
import { longestBody, OutboundFailed, type OutboundRequest } from "#domain/ports/OutboundHttp.ts"
import { codeOf } from "./CodeOf.ts"
import type { Heard } from "./Heard.ts"
import type { Target } from "./Target.ts"

const longestHeader = 16_384
const mostInterim = 16
/** Of whatever is sent: frames of chunks and interim answers are no body, and have no end of their own. */
const mostBytes = 8 * longestBody

const broken = (error: unknown) => new OutboundFailed({ kind: "broken", code: codeOf(error) })

/**
 * Asks over this connection, once, and writes down what is heard until it has an end. The connection is the caller's to
 * close. undici is never asked to abort: when a body that only the connection's end delimits was aborted, it throws as
 * that end comes, where nobody can catch it.
 */
export const exchange = (socket: Socket, { origin, path }: Target, { body, headers }: OutboundRequest, heard: Heard) =>
  Effect.callback<void, OutboundFailed>((resume) => {
    const unused = [socket]
    const client = new Client(origin, {
      connect: (_, callback) => {
        const only = unused.pop() // a second one would be to whom nobody has looked at
        queueMicrotask(() => (only === undefined ? callback(new Error("closed"), null) : callback(null, only)))
      },
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0, // the deadline is for the whole
      maxHeaderSize: longestHeader
    })
    const end = (error?: unknown) => {
      heard.end()
      resume(heard.status === undefined ? Effect.fail(broken(error)) : Effect.void)
    }
    let interim = 0
    socket.on("readable", () => {
      if (socket.bytesRead > mostBytes) end()
    })
    client.dispatch(
      { method: "POST", path, headers, body, reset: true },
      {
        onRequestStart: () => {},
        onResponseStart: (_, status, answered) => {
          if (status >= 200) heard.begin(status, answered["retry-after"])
          else if (++interim > mostInterim) end()
        },
        onResponseData: (_, chunk) => {
          if (!heard.take(chunk)) end()
        },
        onResponseEnd: () => {
          heard.complete()
          end()
        },
        onResponseError: (_, error) => end(error)
      }
    )
  })
