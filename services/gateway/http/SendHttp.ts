import { Effect, Schema } from "effect"
import type { HttpServerRequest } from "effect/http"
import { DeviceId } from "#domain/Ids.ts"
import { may } from "../../access/Principal.ts"
import type { Messages, Sent } from "../../messaging/Messages.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { SendMessage } from "../api/MessagesApi.ts"
import { json, refuse, respond } from "./Answer.ts"
import { jsonBody } from "./Body.ts"
import { orStoreUnavailable, problemOf } from "./Failures.ts"
import { messageJson } from "./MessageJson.ts"
import type { ReadPhoneNumber } from "./PhoneNumbers.ts"

const readBody = jsonBody(SendMessage)
const isDeviceId = Schema.is(DeviceId)

const defaultTimeoutMs = 10_000
const defaultExpirySeconds = 86_400
const unprotected = "no key was sent: had this answer been lost, a repeat would have sent a second message"

/** The caller's name for this request, or the one we had to make. */
interface Key {
  readonly value: string
  readonly made: boolean
}

const keyOf = (sent: string | undefined): Key =>
  sent === undefined ? { value: globalThis.crypto.randomUUID(), made: true } : { value: sent, made: false }

const headersOf = ({ made, value }: Key): Record<string, string> =>
  made ? { "idempotency-key": value, "idempotency-warning": unprotected } : { "idempotency-key": value }

const answerOf = ({ answered, document, repeated }: Sent, key: Key, mayRead: boolean) => {
  const headers = headersOf(key)
  if (!repeated || !answered) headers.location = `/v1/messages/${document.id}`
  return json(answered ? (repeated ? 200 : 201) : 202, messageJson(document, mayRead), headers)
}

/** POST /v1/messages. Whatever comes of it, the answer names the idempotency key to repeat the request with. */
export const send =
  (messages: Messages["Service"], phoneNumber: ReadPhoneNumber) =>
  (request: HttpServerRequest.HttpServerRequest, idempotencyKey: string | undefined) => {
    const key = keyOf(idempotencyKey)
    let retryAfter: Record<string, string> | undefined
    return Effect.gen(function* () {
      const principal = yield* CurrentPrincipal
      const asked = yield* readBody(request)
      const address = phoneNumber(asked.to)
      if (address === undefined) return yield* refuse("invalid_number")
      if (!isDeviceId(asked.device)) return yield* refuse("device_not_found")
      const sent = yield* messages.send(principal, {
        idempotencyKey: key.value,
        device: asked.device,
        to: { kind: "phone", address },
        content: asked.content,
        confirm: { until: "sent", timeoutMs: defaultTimeoutMs, ...asked.confirm },
        expiresInSeconds: asked.expiresInSeconds ?? defaultExpirySeconds,
        tags: asked.tags ?? {}
      })
      return answerOf(sent, key, may(principal, "messages:read"))
    }).pipe(
      Effect.catchTags({
        DeviceUnknown: () => refuse("device_not_found"),
        DeviceUnpaired: () => refuse("device_not_paired"),
        OtherContent: () => refuse("idempotency_conflict"),
        QueueFull: ({ retryAfterSeconds }) => {
          retryAfter = { "retry-after": String(retryAfterSeconds) }
          return refuse("queue_full")
        }
      }),
      orStoreUnavailable,
      Effect.catchCause((cause) =>
        Effect.map(problemOf(cause, request), (found) =>
          respond(key.made ? { ...found, idempotencyKey: key.value } : found, { ...headersOf(key), ...retryAfter })
        )
      )
    )
  }
