import type { ServerResponse } from "node:http"
import { Readable } from "node:stream"
import { Effect, Exit } from "effect"
import { Later } from "#domain/Later.ts"
import { after } from "#domain/Timer.ts"
import { drained, littleBytes, stuck } from "./Draining.ts"
import { endings, type Outlet } from "./Outlet.ts"

/** When a client that was cut comes again. */
const retryMillis = 1_000
/** For its far side to read why. */
const lingerMillis = 1_000

/** Server-Sent Events over this answer, whose body is `body`. */
export const make = (response: ServerResponse): Outlet & { readonly body: Readable } => {
  response.setMaxListeners(20) // with those of the server, and of the pipe that the body goes through
  const body = new Readable({ read: () => {} })
  body.push(`retry: ${retryMillis}\n\n`)
  const closed = new Later<void>()
  response.once("close", () => closed.tell(Exit.void))
  const pendingBytes = () => body.readableLength + response.writableLength
  const { socket } = response
  const isStuck = socket === null ? () => true : stuck(socket)
  let marked: string | undefined
  let ended = false
  return {
    body,
    give: ({ lines }) => {
      if (!ended) body.push(lines)
    },
    show: (type, event) => {
      if (!ended && pendingBytes() < littleBytes) body.push(`event: ${type}\ndata: ${event}\n\n`)
    },
    // an `id` without `data` is no event, and is remembered: a filter that matches little is not read through again
    mark: (cursor) => {
      if (ended) return
      body.push(cursor === undefined || cursor === marked ? ":\n\n" : `id: ${cursor}\n\n`)
      marked = cursor
    },
    pendingBytes,
    drained: drained(response, pendingBytes),
    isStuck,
    end: (why) => {
      if (ended) return
      ended = true
      body.push(`event: closing\ndata: ${JSON.stringify({ code: why, detail: endings[why] })}\n\n`)
      body.push(null)
      after(lingerMillis, () => response.destroy()).unref()
    },
    gone: Effect.asVoid(closed.told)
  }
}
