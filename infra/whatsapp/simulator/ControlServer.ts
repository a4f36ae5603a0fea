import type { IncomingMessage, RequestListener } from "node:http"
import { controlRoutes } from "./ControlApi.ts"
import type { Controls } from "./Controls.ts"

const largestBody = 1024 * 1024

/**
 * The control API. Answers 200 with JSON, 404, 413 over 1 MiB, and 400 with a reason. A web page must not steer the
 * server behind the user's back, so a request with an Origin and a body that is not JSON are refused.
 */
export const controlListener =
  (controls: Controls): RequestListener =>
  async (request, response) => {
    const answer = await handle(controls, request)
    response.writeHead(answer.status, { "content-type": "application/json" })
    response.end(JSON.stringify(answer.body ?? {}))
  }

const handle = async (controls: Controls, request: IncomingMessage): Promise<{ status: number; body: unknown }> => {
  const { method = "", url = "", headers } = request
  const parsed = URL.parse(url, "http://localhost")
  const run = controlRoutes.get(`${method} ${parsed?.pathname}`)
  if (!parsed || !run) return { status: 404, body: { error: "no such path" } }
  if (headers.origin !== undefined) return { status: 403, body: { error: "not for web pages" } }
  if (method === "POST" && !headers["content-type"]?.startsWith("application/json")) {
    return { status: 415, body: { error: "the body must be application/json" } }
  }
  try {
    const body = method === "POST" ? await readBody(request) : undefined
    if (body === "too long") return { status: 413, body: { error: "the body is too long" } }
    const input = body === undefined ? Object.fromEntries(parsed.searchParams) : parseJson(body)
    return { status: 200, body: await run(controls, input) }
  } catch (error) {
    return { status: 400, body: { error: error instanceof Error ? error.message : "unknown" } }
  }
}

const readBody = async (request: IncomingMessage): Promise<Buffer | "too long"> => {
  const chunks: Array<Buffer> = []
  let length = 0
  // An iterator that leaves the socket open, so that the refusal can still be answered.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += chunk.byteLength
    if (length > largestBody) return "too long"
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const parseJson = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString() || "{}")
  } catch {
    throw new Error("the body is not JSON")
  }
}
