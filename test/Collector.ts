import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Effect } from "effect"

/** A span as it came. */
export interface Collected {
  readonly service: string
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
}

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string }
}
interface Posted {
  readonly resourceSpans: ReadonlyArray<{
    readonly resource: { readonly attributes: ReadonlyArray<Attribute> }
    readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<Omit<Collected, "service">> }>
  }>
}

const textOf = async (request: IncomingMessage) => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString("utf8")
}

/** A collector of traces, by OTLP over HTTP: it keeps what comes, also what it answers badly; never is an answer too. */
export const collector = (answer: (count: number) => number | Promise<number> = () => 200) =>
  Effect.gen(function* () {
    const spans: Array<Collected> = []
    const requests: Array<{
      readonly headers: IncomingMessage["headers"]
      readonly url: string
      readonly text: string
    }> = []
    const take = async (request: IncomingMessage, response: ServerResponse) => {
      const text = await textOf(request)
      requests.push({ headers: request.headers, url: request.url!, text })
      const status = await answer(requests.length)
      response.writeHead(status, { "content-type": "application/json" }).end("{}")
      if (status !== 200) return
      for (const { resource, scopeSpans } of (JSON.parse(text) as Posted).resourceSpans) {
        const service = resource.attributes.find(({ key }) => key === "service.name")!.value.stringValue!
        for (const span of scopeSpans.flatMap(({ spans }) => spans)) spans.push({ ...span, service })
      }
    }
    const server = createServer((request, response) => void take(request, response).catch(() => response.destroy()))
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.sync(() => {
          server.close()
          server.closeAllConnections()
        })
    )
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return { requests, spans, url }
  })
