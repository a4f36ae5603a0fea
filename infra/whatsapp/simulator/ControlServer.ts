import type { IncomingMessage, RequestListener } from "node:http"
import { Option, Schema } from "effect"
import type { Controls } from "./Controls.ts"
import { FaultsPatch } from "./Faults.ts"
import { PhoneNumber } from "./PhoneNumber.ts"

const largestBody = 64 * 1024

const Text = Schema.String.check(Schema.isMaxLength(4096))
const StreamCode = Schema.Int.check(Schema.isBetween({ minimum: 100, maximum: 999 }))

const ScanRequest = Schema.Struct({ qr: Text, phone: PhoneNumber })
const CodeRequest = Schema.Struct({ phone: PhoneNumber, code: Text })
const IncomingRequest = Schema.Struct({
  from: PhoneNumber,
  to: PhoneNumber,
  text: Text,
  addressing: Schema.optionalKey(Schema.Literals(["lid", "pn"]))
})
const ContactRequest = Schema.Struct({ phone: PhoneNumber, present: Schema.Boolean })
const DropRequest = Schema.Struct({ phone: Schema.optionalKey(PhoneNumber) })
const StreamErrorRequest = Schema.Struct({ code: StreamCode, phone: Schema.optionalKey(PhoneNumber) })
const InboxQuery = Schema.Struct({ phone: PhoneNumber })
const RecordQuery = Schema.Struct({ after: Schema.optionalKey(Schema.NumberFromString.check(Schema.isInt())) })

type Route = (controls: Controls, input: unknown) => unknown

const route = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  run: (controls: Controls, input: S["Type"]) => unknown
): Route => {
  // A misspelt fault must not pass for one that is switched on.
  const decode = Schema.decodeUnknownOption(schema, { onExcessProperty: "error" })
  return (controls, input) => {
    const decoded = decode(input)
    // Not the schema's own words: they repeat the input, and an input may hold a number or a text.
    if (Option.isNone(decoded)) throw new Error("the input is not what this path takes")
    return run(controls, decoded.value)
  }
}

const routes = new Map<string, Route>([
  [
    "POST /control/scan",
    route(ScanRequest, async (controls, { qr, phone }) => ({ jid: await controls.scanQr(qr, phone) }))
  ],
  [
    "POST /control/code",
    route(CodeRequest, async (controls, { phone, code }) => ({ jid: await controls.enterCode(phone, code) }))
  ],
  [
    "POST /control/incoming",
    route(IncomingRequest, async (controls, message) => ({ waMessageId: await controls.sendIncoming(message) }))
  ],
  [
    "POST /control/contact",
    route(ContactRequest, (controls, { phone, present }) => controls.setPresent(phone, present))
  ],
  ["POST /control/drop", route(DropRequest, (controls, { phone }) => controls.drop(phone))],
  [
    "POST /control/stream-error",
    route(StreamErrorRequest, (controls, { code, phone }) => controls.endStreams(code, phone))
  ],
  ["POST /control/faults", route(FaultsPatch, (controls, patch) => Object.assign(controls.faults, patch))],
  ["GET /control/faults", ({ faults }) => faults],
  [
    "GET /control/record",
    route(RecordQuery, ({ record }, { after = 0 }) => ({
      observations: record.observations.slice(after),
      next: record.observations.length
    }))
  ],
  ["GET /control/messages", ({ record }) => record.messages],
  [
    "GET /control/inbox",
    route(InboxQuery, (controls, { phone }) => controls.inbox(phone).map(({ content: _content, ...entry }) => entry))
  ]
])

/**
 * The control API. Answers 200 with JSON, 404, 413 over 64 KiB, and 400 with a reason. A web page must not steer the
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
  const { pathname, searchParams } = new URL(url, "http://localhost")
  const run = routes.get(`${method} ${pathname}`)
  if (!run) return { status: 404, body: { error: "no such path" } }
  if (headers.origin !== undefined) return { status: 403, body: { error: "not for web pages" } }
  if (method === "POST" && !headers["content-type"]?.startsWith("application/json")) {
    return { status: 415, body: { error: "the body must be application/json" } }
  }
  try {
    const body = method === "POST" ? await readBody(request) : undefined
    if (body === "too long") return { status: 413, body: { error: "the body is too long" } }
    const input = body === undefined ? Object.fromEntries(searchParams) : parseJson(body)
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
