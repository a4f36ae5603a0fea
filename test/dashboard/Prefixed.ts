import { createServer, request } from "node:http"
import type { AddressInfo } from "node:net"
import { Effect } from "effect"

/** A proxy that has the gateway below a path, and nothing elsewhere; what it is told is passed on as it comes. */
export const prefixed = Effect.fnUntraced(function* (gateway: string, prefix: string) {
  const server = createServer((asked, answer) => {
    const { headers, method, url = "/" } = asked
    if (!url.startsWith(`${prefix}/`)) return answer.writeHead(404).end()
    const forwarded = request(
      new URL(url.slice(prefix.length), gateway),
      { method: method!, headers: { ...headers, "x-forwarded-prefix": prefix, "x-forwarded-proto": "http" } },
      (told) => {
        answer.writeHead(told.statusCode!, told.headers)
        told.pipe(answer)
      }
    )
    forwarded.on("error", () => answer.destroy())
    answer.on("close", () => forwarded.destroy())
    return asked.pipe(forwarded)
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`
})
