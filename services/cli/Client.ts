import { Effect, Schema } from "effect"

/** A few calls of the public API, as any caller would make them. */

export interface Api {
  readonly url: string
  readonly key: string
}

/** Where somebody answers who listens there: at no address in particular is nobody to be reached. */
export const urlOf = (host: string, port: number) => {
  const dialled = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host
  return `http://${dialled.includes(":") ? `[${dialled}]` : dialled}:${port}`
}

export class CallFailed extends Schema.TaggedError<CallFailed>()("CallFailed", {
  status: Schema.Number,
  code: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `the gateway answers ${this.status} ${this.code}: ${this.detail}`
  }
}

export class NotOurs extends Schema.TaggedError<NotOurs>()("NotOurs", { url: Schema.String, status: Schema.Number }) {
  override get message() {
    return `${this.url} answers ${this.status} in words that are not the gateway's: is something else there, or in between?`
  }
}

export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", { url: Schema.String }) {
  override get message() {
    return `no gateway answers at ${this.url}`
  }
}

const decodeAnswer = Schema.decodeUnknownSync(Schema.Record(Schema.String, Schema.Unknown))

export const call = (api: Api, method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
  Effect.gen(function* () {
    const response = yield* Effect.tryPromise({
      try: () =>
        fetch(`${api.url}${path}`, {
          method,
          headers: { authorization: `Bearer ${api.key}`, "content-type": "application/json", ...headers },
          ...(body !== undefined && { body: JSON.stringify(body) })
        }),
      catch: () => new Unreachable({ url: api.url })
    })
    if (response.status === 204) return {}
    const answer = yield* Effect.tryPromise({
      try: () => response.json().then(decodeAnswer),
      catch: () => new NotOurs({ url: api.url, status: response.status })
    })
    if (response.ok) return answer
    const { code, detail, title } = answer
    return yield* new CallFailed({ status: response.status, code: String(code), detail: String(detail ?? title) })
  })

const Device = Schema.Struct({
  id: Schema.String,
  state: Schema.String,
  qr: Schema.optionalKey(Schema.String),
  code: Schema.optionalKey(Schema.String)
})
export type Device = typeof Device.Type
const decodeDevice = Schema.decodeUnknownEffect(Device)

export const createDevice = (api: Api, name: string) =>
  Effect.flatMap(call(api, "POST", "/v1/devices", { name, pairing: "qr" }), decodeDevice)
export const getDevice = (api: Api, id: string) => Effect.flatMap(call(api, "GET", `/v1/devices/${id}`), decodeDevice)

const Message = Schema.Struct({ id: Schema.String, status: Schema.String, waMessageId: Schema.String })
const decodeMessage = Schema.decodeUnknownEffect(Message)

/** The whole answer, beside the parts that are read here. */
export const sendText = Effect.fnUntraced(function* (
  api: Api,
  message: {
    readonly device: string
    readonly to: string
    readonly text: string
    readonly timeoutMs: number
    readonly idempotencyKey: string
  }
) {
  const { device, idempotencyKey, text, timeoutMs, to } = message
  const content = { type: "text", text }
  const asked = { device, to, content, confirm: { until: "sent", timeoutMs } }
  const answer = yield* call(api, "POST", "/v1/messages", asked, { "idempotency-key": idempotencyKey })
  return { answer, message: yield* decodeMessage(answer) }
})

export const getMessage = (api: Api, id: string) => call(api, "GET", `/v1/messages/${id}`)

const Events = Schema.Struct({
  items: Schema.Array(
    Schema.Struct({
      type: Schema.String,
      recordedAt: Schema.String,
      data: Schema.Record(Schema.String, Schema.Unknown),
      evidence: Schema.optionalKey(Schema.String)
    })
  )
})
const decodeEvents = Schema.decodeUnknownEffect(Events)

export const getEvents = Effect.fnUntraced(function* (api: Api, id: string) {
  const answer = yield* call(api, "GET", `/v1/messages/${id}/events`)
  return { answer, events: (yield* decodeEvents(answer)).items }
})
