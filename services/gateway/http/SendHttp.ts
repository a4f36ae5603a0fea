import { Cause, Effect, Option, Schema } from "effect"
import type { HttpServerRequest } from "effect/http"
import { DeviceId } from "#domain/Ids.ts"
import { may } from "../../access/Principal.ts"
import type { Messages, Sent } from "../../messaging/Messages.ts"
import { sendAnswered } from "../../telemetry/Metrics.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { SendMessage } from "../api/MessagesApi.ts"
import { type Problem, problem } from "../api/Problems.ts"
import { json, refuse } from "./Answer.ts"
import { jsonBody } from "./Body.ts"
import { problemOf } from "./Failures.ts"
import { headersOf, type Key, keyOf, respondTo } from "./IdempotencyKey.ts"
import { messageJson } from "./MessageJson.ts"
import type { ReadPhoneNumber } from "./PhoneNumbers.ts"

const readBody = jsonBody(SendMessage)
const isDeviceId = Schema.is(DeviceId)

const defaultTimeoutMs = 10_000
const defaultExpirySeconds = 86_400

const answerOf = ({ answered, document, repeated }: Sent, key: Key, mayRead: boolean) => {
  sendAnswered(document.status)
  const headers = headersOf(key)
  if (!repeated || !answered) headers.location = `/v1/messages/${document.id}`
  return json(answered ? (repeated ? 200 : 201) : 202, messageJson(document, mayRead), headers)
}

type Refused = Effect.Error<ReturnType<Messages["Service"]["send"]>> | Problem

interface Refusal {
  readonly found: Problem
  readonly headers?: Record<string, string>
}

/** Why it was not accepted, as the caller hears it. What is no refusal is a failure like any other. */
const refusalOf = (cause: Cause.Cause<Refused>): Refusal | undefined => {
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (error === undefined || !("_tag" in error)) return undefined
  switch (error._tag) {
    case "DeviceUnknown":
      return { found: problem("device_not_found") }
    case "DeviceUnpaired":
      return { found: problem("device_not_paired") }
    case "OtherContent":
      return { found: problem("idempotency_conflict") }
    case "QueueFull":
      return { found: problem("queue_full"), headers: { "retry-after": String(error.retryAfterSeconds) } }
    default:
      return undefined
  }
}

/** POST /v1/messages. Whatever comes of it, the answer names the idempotency key to repeat the request with. */
export const send = (messages: Messages["Service"], phoneNumber: ReadPhoneNumber) => {
  const attempt = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, key: Key) {
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
  })

  return (request: HttpServerRequest.HttpServerRequest, idempotencyKey: string | undefined) =>
    Effect.catchCause(attempt(request, keyOf(request, idempotencyKey)), (cause) => {
      const refusal = refusalOf(cause)
      if (refusal !== undefined) return Effect.succeed(respondTo(request, refusal.found, refusal.headers))
      return Effect.map(problemOf(cause, request), (found) => respondTo(request, found))
    })
}
