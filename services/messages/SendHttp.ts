import { Effect, Result, Schema } from "effect"
import type { HttpServerRequest } from "effect/http"
import { DeviceId } from "#domain/Ids.ts"
import { Api } from "../api/Api.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { defaults, type SendMessage } from "../api/MessagesApi.ts"
import { may, mayUse, type Principal } from "../api/Principal.ts"
import type { AnyProblem } from "../api/Problems.ts"
import type { Admission } from "../http/Admission.ts"
import { refuse } from "../http/Answer.ts"
import { graceMillis, within } from "../http/Patience.ts"
import type { ReadPhoneNumber } from "../http/PhoneNumbers.ts"
import { posting } from "../http/Posting.ts"
import { contextOf, type Key } from "../http/RequestContext.ts"
import { sendAnswered } from "../telemetry/Metrics.ts"
import { messageJson } from "./MessageJson.ts"
import type { Messages, SendRequest, Sent } from "./Messages.ts"

const isDeviceId = Schema.is(DeviceId)

const replyOf = ({ answered, document, repeated }: Sent, mayRead: boolean, assumed: string | undefined) => {
  sendAnswered(document.status)
  const shown = messageJson(document, mayRead)
  return {
    status: answered ? (repeated ? 200 : 201) : 202,
    body: assumed === undefined ? shown : { ...shown, assumed },
    headers: repeated && answered ? {} : { location: `/v1/messages/${document.id}` }
  }
}

interface Understood {
  readonly wanted: SendRequest
  /** What was understood to stand before the digits of `to`. */
  readonly assumed: string | undefined
}

const understand = (
  asked: typeof SendMessage.Type,
  principal: Principal,
  key: Key,
  phoneNumber: ReadPhoneNumber
): Effect.Effect<Understood, AnyProblem<"invalid_number" | "device_not_found">> => {
  const reading = phoneNumber(asked.to)
  if (Result.isFailure(reading)) return refuse("invalid_number", { detail: reading.failure })
  if (!isDeviceId(asked.device) || !mayUse(principal, asked.device)) return refuse("device_not_found")
  const wanted: SendRequest = {
    idempotencyKey: key.value,
    ...(key.former !== undefined && { formerKey: key.former }),
    device: asked.device,
    to: { kind: "phone", address: reading.success.number },
    content: asked.content,
    ...(asked.replyTo !== undefined && { replyTo: asked.replyTo }),
    confirm: { until: defaults.until, timeoutMs: defaults.timeoutMs, ...asked.confirm },
    expiresInSeconds: asked.expiresInSeconds ?? defaults.expiresInSeconds,
    tags: asked.tags ?? {}
  }
  return Effect.succeed({ wanted, assumed: reading.success.assumed })
}

/** POST /v1/messages. Whatever comes of it, the answer names the idempotency key to repeat the request with. */
export const send = (messages: Messages["Service"], admission: Admission["Service"], phoneNumber: ReadPhoneNumber) => {
  /** Also what cannot be understood counts. */
  const count = (request: HttpServerRequest.HttpServerRequest) =>
    Effect.flatMap(CurrentPrincipal, (principal) => admission.admit(request, principal, "messages"))

  const accept = Effect.fnUntraced(function* (
    request: HttpServerRequest.HttpServerRequest,
    principal: Principal,
    wanted: SendRequest
  ) {
    const { trace } = contextOf(request)
    const refused = yield* admission.admitSend(request, principal, wanted.device)
    if (refused.key !== undefined) return yield* Effect.fail(refused.key)
    // what was accepted before sends nothing more: its caller gets the answer, whatever the device's limit says
    const sent = yield* refused.device === undefined
      ? messages.send(principal, trace === undefined ? wanted : { ...wanted, trace })
      : messages.repeat(principal, wanted)
    return sent ?? (yield* Effect.fail(refused.device!))
  })

  return posting(
    Api.groups.messages.endpoints.send,
    Effect.fnUntraced(function* ({ key, payload, request }) {
      const principal = yield* CurrentPrincipal
      const understood = understand(payload, principal, key, phoneNumber)
      const { assumed, wanted } = yield* Effect.tapError(understood, () => count(request))
      const inTime = within(wanted.confirm.timeoutMs + graceMillis, refuse("store_unavailable"))
      const sent = yield* inTime(accept(request, principal, wanted))
      return replyOf(sent, may(principal, "messages:read"), assumed)
    }),
    count
  )
}
