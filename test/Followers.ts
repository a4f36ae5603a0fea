import { get, type IncomingMessage } from "node:http"
import { Effect } from "effect"
import { WebSocket } from "ws"

/** Who follows what happens, over real sockets, by no code of the product. */

export interface Told {
  readonly id: string
  readonly event: string
  // biome-ignore lint/suspicious/noExplicitAny: JSON as it came; what is wrong with it fails an assertion
  readonly data: any
}

/** Server-Sent Events as the HTML standard reads them: an `id` counts without `data`, too. */
export const eventSource = (url: string, key: string, headers: Readonly<Record<string, string>> = {}) =>
  Effect.acquireRelease(
    Effect.callback<{
      readonly status: number
      readonly headers: IncomingMessage["headers"]
      readonly told: Array<Told>
      readonly text: () => string
      readonly lastId: () => string | undefined
      readonly isOver: () => boolean
      readonly pause: () => void
      readonly resume: () => void
      readonly cut: () => void
    }>((resume) => {
      const told: Array<Told> = []
      let [text, rest, isOver] = ["", "", false]
      let lastId: string | undefined
      const take = (block: string) => {
        const fields = block.split("\n").map((line) => /^([^:]*):? ?(.*)$/.exec(line)!)
        const valueOf = (name: string) => fields.find(([, field]) => field === name)?.[2]
        lastId = valueOf("id") ?? lastId
        const data = valueOf("data")
        if (data !== undefined) told.push({ id: lastId ?? "", event: valueOf("event") ?? "", data: JSON.parse(data) })
      }
      const request = get(url, { agent: false, headers: { authorization: `Bearer ${key}`, ...headers } }, (answer) => {
        answer.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk
          rest += chunk
          const blocks = rest.split("\n\n")
          rest = blocks.pop()!
          for (const block of blocks) take(block)
        })
        answer.on("error", () => {})
        answer.once("close", () => {
          isOver = true
        })
        resume(
          Effect.succeed({
            status: answer.statusCode!,
            headers: answer.headers,
            told,
            text: () => text,
            lastId: () => lastId,
            isOver: () => isOver,
            pause: () => void answer.socket.pause(),
            resume: () => void answer.socket.resume(),
            cut: () => request.destroy()
          })
        )
      })
      request.on("error", (error) => resume(Effect.die(error)))
    }),
    ({ cut }) => Effect.sync(cut)
  )

/** A WebSocket, open; `refused`: as it was answered instead. */
export const webSocket = (url: string, options: ConstructorParameters<typeof WebSocket>[2] = {}) =>
  Effect.acquireRelease(
    Effect.callback<{
      readonly socket: WebSocket
      readonly told: Array<Told["data"]>
      readonly closed: () => { readonly code: number; readonly reason: string } | undefined
      readonly refused: { readonly status: number; readonly code: string } | undefined
    }>((resume) => {
      const told: Array<Told["data"]> = []
      let closed: { readonly code: number; readonly reason: string } | undefined
      const socket = new WebSocket(url.replace(/^http/, "ws"), options)
      const opened = (refused?: { readonly status: number; readonly code: string }) =>
        resume(Effect.succeed({ socket, told, closed: () => closed, refused }))
      socket.on("message", (data) => told.push(JSON.parse(String(data))))
      socket.on("close", (code, reason) => {
        closed = { code, reason: String(reason) }
      })
      socket.on("error", () => {})
      socket.once("open", () => opened())
      socket.on("unexpected-response", (_, answer) => {
        let text = ""
        answer.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk
        })
        answer.once("end", () => opened({ status: answer.statusCode!, code: JSON.parse(text).code }))
      })
    }),
    ({ socket }) => Effect.sync(() => socket.terminate())
  )
