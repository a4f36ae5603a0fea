import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Content } from "#domain/message/Content.ts"
import { Status } from "#domain/message/Status.ts"
import { Authorization, CountsAs, CountsItself, RequiredScope, ShowsViews } from "./Authorization.ts"
import { FreeText } from "./FreeText.ts"
import { answered, keyed } from "./IdempotencyKey.ts"
import { anywhere, Problem, withBody } from "./Problems.ts"

/** Any name; one that names nothing is answered with "there is no such…", not with a lesson on how ids look. */
export const Id = Schema.String.check(Schema.isMaxLength(255))

export const maxTags = 16
const tagKey = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/
export const Tags = Schema.Record(Schema.String, FreeText.check(Schema.isMaxLength(256))).check(
  Schema.makeFilter(
    (tags: Readonly<Record<string, string>>) => {
      const keys = Object.keys(tags)
      return keys.length <= maxTags && keys.every((key) => tagKey.test(key))
    },
    { expected: `at most ${maxTags} tags, their keys 1 to 64 letters, digits or _.:- beginning with a letter or digit` }
  )
)

export const Confirm = Schema.Struct({
  until: Schema.optionalKey(Schema.Literals(["sent", "delivered", "read"])),
  /** How long the answer may wait for that, in milliseconds; 0 answers at once. */
  timeoutMs: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60_000 })))
})

export const SendMessage = Schema.Struct({
  device: Id,
  to: Schema.String.check(Schema.isMaxLength(64)).annotate({
    description:
      "A phone number: +…, 00…, or national when the gateway has a country configured. What can be read as two numbers is refused.",
    examples: ["+60123456789"]
  }),
  content: Content,
  confirm: Schema.optionalKey(Confirm),
  expiresInSeconds: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 604_800 }))),
  tags: Schema.optionalKey(Tags)
}).annotate({
  identifier: "SendMessage",
  examples: [
    {
      device: "01a204f5-2f41-7113-bbeb-c43680f28e02",
      to: "+60123456789",
      content: { type: "text", text: "On its way." },
      confirm: { until: "sent", timeoutMs: 10_000 },
      expiresInSeconds: 3_600,
      tags: { order: "4711" }
    }
  ]
})

export const Message = Schema.Struct({
  id: Schema.String,
  status: Status,
  device: Schema.String,
  /** `to` and `content`: only for a key with messages:read, and only until the person's data is erased or its key is lost. */
  to: Schema.optionalKey(Schema.String),
  content: Schema.optionalKey(Content),
  /** Of a message whose id is chosen before the first try. */
  waMessageId: Schema.optionalKey(Schema.String),
  error: Schema.optionalKey(Schema.Struct({ code: Schema.String, detail: Schema.String })),
  tags: Schema.Record(Schema.String, Schema.String),
  createdAt: Schema.String,
  updatedAt: Schema.String,
  expiresAt: Schema.String,
  /** In the answer to a send: what was understood to stand before the digits of `to`, such as `+49`. */
  assumed: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "Message" })

const MessageEvent = Schema.Struct({
  type: Schema.String,
  revision: Schema.Natural,
  recordedAt: Schema.String,
  data: Schema.Record(Schema.String, Schema.Unknown),
  /** The agent's signed bytes, base64url. */
  evidence: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "MessageEvent" })

const located = { ...answered, location: Schema.String }

export class MessagesApi extends HttpApiGroup.make("messages")
  .add(
    HttpApiEndpoint.post("send", "/", {
      headers: keyed,
      payload: SendMessage,
      success: [
        HttpApiSchema.WithHeaders(Message.pipe(HttpApiSchema.status(201)), located),
        HttpApiSchema.WithHeaders(Message.pipe(HttpApiSchema.status(202)), located),
        HttpApiSchema.WithHeaders(Message.pipe(HttpApiSchema.status(200)), answered)
      ],
      error: [
        ...withBody,
        Problem("invalid_number"),
        Problem("device_not_found"),
        Problem("device_not_paired"),
        Problem("idempotency_conflict"),
        Problem("queue_full"),
        Problem("too_many_waits")
      ]
    })
      .annotate(RequiredScope, ["messages:send"])
      .annotate(CountsItself, true)
      .annotate(OpenApi.Summary, "Send a message, and wait until it is confirmed")
      .annotate(
        OpenApi.Description,
        "201: accepted, and confirmed as asked, or failed, or expired. 202: accepted, the outcome is still open. " +
          "200: this idempotency key was used before for the same message."
      ),
    HttpApiEndpoint.get("list", "/", {
      query: {
        status: Schema.optionalKey(Status),
        device: Schema.optionalKey(Id),
        after: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(255))),
        limit: Schema.optionalKey(
          Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: 200 }))
        )
      },
      success: Schema.Struct({ items: Schema.Array(Message), next: Schema.NullOr(Schema.String) }),
      error: anywhere
    })
      .annotate(RequiredScope, ["messages:read"])
      .annotate(ShowsViews, "rows")
      .annotate(OpenApi.Summary, "Messages, newest first; `next` is the `after` of the next page")
      .annotate(OpenApi.Description, "Those that the key's client has queued; everybody's with messages:read:all."),
    HttpApiEndpoint.get("get", "/:id", {
      params: { id: Schema.String },
      success: Message,
      error: [...anywhere, Problem("message_not_found")]
    })
      .annotate(RequiredScope, ["messages:read", "messages:send"])
      .annotate(OpenApi.Summary, "A message as its events tell it")
      .annotate(
        OpenApi.Description,
        "One that another client has queued is not found without messages:read:all. With messages:send alone without `to` and `content`: enough to learn what became of a message that was answered 202."
      ),
    HttpApiEndpoint.get("events", "/:id/events", {
      params: { id: Schema.String },
      success: Schema.Struct({ items: Schema.Array(MessageEvent) }),
      error: [...anywhere, Problem("message_not_found")]
    })
      .annotate(RequiredScope, ["messages:read"])
      .annotate(OpenApi.Summary, "Everything recorded about a message, oldest first, with the agent's signed evidence")
  )
  .annotateEndpoints(CountsAs, "messages")
  .middleware(Authorization)
  .prefix("/v1/messages")
  .annotate(OpenApi.Description, "Send WhatsApp messages and read back what became of them.") {}
