import { Cause, Effect, Option, Result, Schema } from "effect"
import type { HttpServerRequest } from "effect/http"
import { DeviceId } from "#domain/Ids.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { SendMessage } from "../api/MessagesApi.ts"
import { may, type Principal } from "../api/Principal.ts"
import { type Problem, problem } from "../api/Problems.ts"
import { type Admission, behind, Refused } from "../http/Admission.ts"
import { json, refuse } from "../http/Answer.ts"
import { jsonBody } from "../http/Body.ts"
import { problemOf } from "../http/Failures.ts"
import { headersOf, type Key, keyOf, respondTo } from "../http/IdempotencyKey.ts"
import { graceMillis, within } from "../http/Patience.ts"
import type { ReadPhoneNumber } from "../http/PhoneNumbers.ts"
import { sendAnswered } from "../telemetry/Metrics.ts"
import { messageJson } from "./MessageJson.ts"
import type { Messages, SendRequest, Sent } from "./Messages.ts"

const readBody = jsonBody(SendMessage)
const isDeviceId = Schema.is(DeviceId)

const defaultTimeoutMs = 10_000
const defaultExpirySeconds = 86_400

const answerOf = ({ answered, document, repeated }: Sent, key: Key, mayRead: boolean, assumed: string | undefined) => {
  sendAnswered(document.status)
  const headers = headersOf(key)
  if (!repeated || !answered) headers.location = `/v1/messages/${document.id}`
  const shown = messageJson(document, mayRead)
  return json(answered ? (repeated ? 200 : 201) : 202, assumed === undefined ? shown : { ...shown, assumed }, headers)
}

interface Understood {
  readonly request: SendRequest
  /** What was understood to stand before the digits of `to`. */
  readonly assumed: string | undefined
}

type Failure = Effect.Error<ReturnType<Messages["Service"]["send"]>> | Problem | Refused

/** Why it was not accepted, as the caller hears it. What is no refusal is a failure like any other. */
const refusalOf = (cause: Cause.Cause<Failure>): Refused | undefined => {
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (error === undefined || !("_tag" in error)) return undefined
  switch (error._tag) {
    case "Refused":
      return error
    case "DeviceUnknown":
      return new Refused(problem("device_not_found"))
    case "DeviceUnpaired":
      return new Refused(problem("device_not_paired"))
    case "Behind":
      return behind[error.lag]
    case "OtherContent":
      return new Refused(problem("idempotency_conflict"))
    case "QueueFull":
      return new Refused(problem("queue_full"), { "retry-after": String(error.retryAfterSeconds) })
    case "WaitsFull":
      return new Refused(problem("too_many_waits"), { "retry-after": String(error.retryAfterSeconds) })
    default:
      return undefined
  }
}

/** POST /v1/messages. Whatever comes of it, the answer names the idempotency key to repeat the request with. */
export const send = (messages: Messages["Service"], admission: Admission["Service"], phoneNumber: ReadPhoneNumber) => {
  const understand = (asked: typeof SendMessage.Type, key: Key): Effect.Effect<Understood, Problem> => {
    const reading = phoneNumber(asked.to)
    if (Result.isFailure(reading)) return refuse("invalid_number", { detail: reading.failure })
    if (!isDeviceId(asked.device)) return refuse("device_not_found")
    const request: SendRequest = {
      idempotencyKey: key.value,
      ...(key.former !== undefined && { formerKey: key.former }),
      device: asked.device,
      to: { kind: "phone", address: reading.success.number },
      content: asked.content,
      confirm: { until: "sent", timeoutMs: defaultTimeoutMs, ...asked.confirm },
      expiresInSeconds: asked.expiresInSeconds ?? defaultExpirySeconds,
      tags: asked.tags ?? {}
    }
    return Effect.succeed({ request, assumed: reading.success.assumed })
  }

  const attempt = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, key: Key) {
    const principal = yield* CurrentPrincipal
    const { assumed, request: asked } = yield* Effect.tapError(
      Effect.flatMap(readBody(request), (body) => understand(body, key)),
      () => admission.admit(request, principal, "messages")
    )
    const inTime = within(asked.confirm.timeoutMs + graceMillis, refuse("store_unavailable"))
    const sent = yield* inTime(answered(request, principal, asked))
    return answerOf(sent, key, may(principal, "messages:read"), assumed)
  })

  const answered = Effect.fnUntraced(function* (
    request: HttpServerRequest.HttpServerRequest,
    principal: Principal,
    asked: SendRequest
  ) {
    const refused = yield* admission.admitSend(request, principal, asked.device)
    if (refused.key !== undefined) return yield* Effect.fail(refused.key)
    // what was accepted before sends nothing more: its caller gets the answer, whatever the device's limit says
    const sent = yield* refused.device === undefined
      ? messages.send(principal, asked)
      : messages.repeat(principal, asked)
    return sent ?? (yield* Effect.fail(refused.device!))
  })

  return (request: HttpServerRequest.HttpServerRequest, idempotencyKey: string | undefined) =>
    Effect.catchCause(attempt(request, keyOf(request, idempotencyKey)), (cause) => {
      const refusal = refusalOf(cause)
      if (refusal !== undefined) return Effect.succeed(respondTo(request, refusal.found, refusal.headers))
      return Effect.map(problemOf(cause, request), (found) => respondTo(request, found))
    })
}
