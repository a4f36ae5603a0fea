import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { messageCodes } from "#domain/message/Codes.ts"
import { Content } from "#domain/message/content/Content.ts"
import { Status } from "#domain/message/Status.ts"
import { AgentKey } from "./AgentsApi.ts"
import { Authorization, CountsAs, CountsItself, RequiredScope, ShowsViews, WrittenDown } from "./Authorization.ts"
import { FreeText } from "./FreeText.ts"
import { answered, keyed } from "./IdempotencyKey.ts"
import { count, instant, integer, located, nullable, text, uuid, word } from "./Members.ts"
import { asOf, moment } from "./Moment.ts"
import { paging, pagingAs } from "./Paging.ts"
import { anywhere, Problem, withBody } from "./Problems.ts"

/** Any name; one that names nothing is answered with "there is no such…", not with a lesson on how ids look. */
const Id = (description: string) => uuid(description).check(Schema.isMaxLength(255))

export const maxTags = 16
const tagKey = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/
export const Tags = Schema.Record(Schema.String, FreeText.check(Schema.isMaxLength(256))).check(
  Schema.makeFilter(
    (tags: Readonly<Record<string, string>>) => {
      const keys = Object.keys(tags)
      return keys.length <= maxTags && keys.every((key) => tagKey.test(key))
    },
    {
      expected: `at most ${maxTags} tags, their keys 1 to 64 letters, digits or _.:- beginning with a letter or digit`,
      toJsonSchema: () => ({ maxProperties: maxTags, propertyNames: { pattern: tagKey.source } })
    }
  )
)

/** What a request to send means where it does not say. */
export const defaults = { until: "sent", timeoutMs: 10_000, expiresInSeconds: 86_400 } as const

/** No message may leave later than so long after it was accepted. */
export const longestExpirySeconds = 604_800

export const Confirm = Schema.Struct({
  until: Schema.optionalKey(
    Schema.Literals(["sent", "delivered", "read"]).annotate({
      description: "What the answer waits for.",
      default: defaults.until
    })
  ),
  timeoutMs: Schema.optionalKey(
    integer(
      { minimum: 0, maximum: 60_000 },
      "How long the answer may wait for that, in milliseconds; 0 answers at once."
    ).annotate({ default: defaults.timeoutMs })
  )
}).annotate({ identifier: "Confirm", description: "What to wait for, and how long." })

export const SendMessage = Schema.Struct({
  device: Id("The device to send from."),
  to: Schema.String.check(Schema.isMaxLength(64)).annotate({
    description:
      "A phone number: +…, 00…, or national when the gateway has a country configured. What can be read as two numbers is refused.",
    examples: ["+60123456789"]
  }),
  content: Content.annotate({ description: "What it says." }),
  replyTo: Schema.optionalKey(
    Id("The fact or message that it replies to, of the same device and chat: WhatsApp shows it above the reply.")
  ),
  confirm: Schema.optionalKey(Confirm),
  expiresInSeconds: Schema.optionalKey(
    integer({ minimum: 1, maximum: longestExpirySeconds }, "Past it nothing leaves.").annotate({
      default: defaults.expiresInSeconds
    })
  ),
  tags: Schema.optionalKey(Tags.annotate({ description: "Your own words, not encrypted: no personal data." }))
}).annotate({
  identifier: "SendMessage",
  description: "A message to send.",
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

const shownToReaders =
  "Only for a key with `messages:read`, and only until the person's data is erased or its key is lost."

export const Message = Schema.Struct({
  id: uuid("Names the message."),
  status: Status.annotate({ description: "What is known of it." }),
  device: uuid("The device that it is sent from."),
  to: Schema.optionalKey(text(`The recipient's number in full. ${shownToReaders}`)),
  content: Schema.optionalKey(Content.annotate({ description: `What it says. ${shownToReaders}` })),
  waMessageId: Schema.optionalKey(text("The id under which it goes out, if that is chosen before the first try.")),
  replyTo: Schema.optionalKey(uuid("The fact or message that it replies to.")),
  error: Schema.optionalKey(
    Schema.Struct({
      code: word(Object.keys(messageCodes), "One of these words, or a number of WhatsApp's own."),
      detail: text("The same in a sentence.")
    }).annotate({ description: "Why it failed, or why nobody knows what became of it." })
  ),
  tags: Schema.Record(Schema.String, Schema.String).annotate({ description: "As they were given." }),
  createdAt: instant("When it was accepted."),
  updatedAt: instant("When something was last recorded of it."),
  expiresAt: instant("Past it nothing leaves."),
  assumed: Schema.optionalKey(
    text("In the answer to a send: what was understood to stand before the digits of `to`, such as `+49`.")
  )
}).annotate({ identifier: "Message", description: "A message, and what is known of it." })

const MessagePage = Schema.Struct({
  items: Schema.Array(Message).annotate({ description: "Newest first." }),
  next: nullable(Schema.String, "The `after` of the next page; `null` on the last.")
}).annotate({ identifier: "MessagePage", description: "Some of the messages." })

const MessageEvent = Schema.Struct({
  id: uuid("The event's own; that of `message.queued` is what reports answer."),
  type: Schema.String.annotate({
    description: "What happened, and the version of the shape of `data`.",
    examples: ["message.queued.v2", "message.sent.v1"]
  }),
  revision: count("Its place among the message's events, from 0."),
  recordedAt: instant("When it was recorded, by the gateway's clock."),
  data: Schema.Record(Schema.String, Schema.Unknown).annotate({
    description: "What was recorded, as it was recorded."
  }),
  evidence: Schema.optionalKey(
    Schema.String.annotate({ description: "The agent's signed bytes.", contentEncoding: "base64url" })
  )
}).annotate({ identifier: "MessageEvent", description: "Something that was recorded about a message." })

const EvidenceKey = Schema.Struct({ agent: text("Whose key it is."), ...AgentKey.fields }).annotate({
  identifier: "EvidenceKey",
  description: "A key of an agent that spoke of the message."
})

/** Whoever has this can check it without the gateway: `homing evidence verify`. */
export const MessageHistory = Schema.Struct({
  message: uuid("The message's id."),
  items: Schema.Array(MessageEvent).annotate({ description: "Everything recorded about it, oldest first." }),
  keys: Schema.Array(EvidenceKey).annotate({
    description: "Every key of the agents that spoke, also of those that are not believed any more."
  })
}).annotate({ identifier: "MessageHistory", description: "What is known of a message, and what it is checked with." })

const accepted = { ...answered, ...located("The message's path.") }

/** Of a page of messages. */
export const pageSizes = { minimum: 1, maximum: 200, default: 50 } as const
const id = uuid("The message's id.")

export class MessagesApi extends HttpApiGroup.make("messages")
  .add(
    HttpApiEndpoint.post("send", "/", {
      headers: keyed,
      payload: SendMessage,
      success: [
        HttpApiSchema.WithHeaders(Message.pipe(HttpApiSchema.status(201)), accepted),
        HttpApiSchema.WithHeaders(Message.pipe(HttpApiSchema.status(202)), accepted),
        HttpApiSchema.WithHeaders(Message.pipe(HttpApiSchema.status(200)), answered)
      ],
      error: [
        ...withBody,
        Problem("invalid_number"),
        Problem("device_not_found"),
        Problem("device_not_paired"),
        Problem("reply_target_not_found"),
        Problem("reply_in_another_chat"),
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
        status: Schema.optionalKey(Status.annotate({ description: "Only those with this status." })),
        device: Schema.optionalKey(Id("Only those of this device.")),
        ...paging(pageSizes),
        // behind what was there: clients that are generated give them by their place
        from: Schema.optionalKey(moment("Only those that were accepted at this time or later.")),
        to: Schema.optionalKey(moment("Only those that were accepted by this time."))
      },
      success: MessagePage,
      error: anywhere
    })
      .annotate(RequiredScope, ["messages:read"])
      .annotate(ShowsViews, "rows")
      .annotate(...pagingAs(pageSizes))
      .annotate(WrittenDown, { deed: "read", of: "messages", shownTo: "messages:read" })
      .annotate(OpenApi.Summary, "Messages, newest first; `next` is the `after` of the next page")
      .annotate(OpenApi.Description, "Those that the key's client has queued; everybody's with messages:read:all."),
    HttpApiEndpoint.get("get", "/:id", {
      params: { id },
      query: asOf,
      success: Message,
      error: [...anywhere, Problem("message_not_found")]
    })
      .annotate(RequiredScope, ["messages:read", "messages:send"])
      .annotate(WrittenDown, { deed: "read", of: "messages", shownTo: "messages:read" })
      .annotate(OpenApi.Summary, "A message as its events tell it")
      .annotate(
        OpenApi.Description,
        "One that another client has queued is not found without messages:read:all. With messages:send alone without `to` and `content`: enough to learn what became of a message that was answered 202. With `at` as it was then; one that was not accepted yet is not found."
      ),
    HttpApiEndpoint.get("events", "/:id/events", {
      params: { id },
      success: MessageHistory,
      error: [...anywhere, Problem("message_not_found")]
    })
      .annotate(RequiredScope, ["messages:read"])
      .annotate(WrittenDown, { deed: "read", of: "messages", shownTo: "messages:read" })
      .annotate(
        OpenApi.Summary,
        "Everything recorded about a message, oldest first, with the agent's signed evidence and its keys"
      )
  )
  .annotateEndpoints(CountsAs, "messages")
  .middleware(Authorization)
  .prefix("/v1/messages")
  .annotate(OpenApi.Description, "Send WhatsApp messages and read back what became of them.") {}
