import { Clock, Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { DeviceId, MessageId } from "#domain/Ids.ts"
import { fromMillis, toMillis } from "#domain/Instant.ts"
import { Api } from "../api/Api.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { pageSizes } from "../api/MessagesApi.ts"
import { momentOf } from "../api/Moment.ts"
import { may, type Principal } from "../api/Principal.ts"
import { Admission } from "../http/Admission.ts"
import { refuse } from "../http/Answer.ts"
import { cursorOf, positionOf } from "../http/Cursor.ts"
import { orProblem } from "../http/Foreseen.ts"
import type { ReadPhoneNumber } from "../http/PhoneNumbers.ts"
import { Identity } from "../identity/Identity.ts"
import { Moments } from "../moments/Moments.ts"
import { historyJson, messageJson } from "./MessageJson.ts"
import { Messages, type Whose } from "./Messages.ts"
import { send } from "./SendHttp.ts"

const isMessageId = Schema.is(MessageId)
const isDeviceId = Schema.is(DeviceId)

const flawed = (pointer: string, expected: string) =>
  refuse("invalid_request", { errors: [{ in: "query", pointer, expected }] })

const readBy = (principal: Principal): Whose => (may(principal, "messages:read:all") ? "everybody" : principal)

/** Where a list begins that goes on behind a page, and shows nothing later than a place: the place itself is shown. */
const firstOf = (after: bigint | undefined, upTo: bigint | undefined): bigint | undefined =>
  upTo === undefined ? after : after === undefined || after > upTo ? upTo + 1n : after

export const layer = (phoneNumber: ReadPhoneNumber) =>
  HttpApiBuilder.group(
    Api,
    "messages",
    Effect.fnUntraced(function* (handlers) {
      const messages = yield* Messages
      const { epoch, known } = yield* Identity
      const admission = yield* Admission
      const { placeOf } = yield* Moments
      /** What is recorded at that very millisecond stands behind it. */
      const placeBefore = (from: string) => orProblem(placeOf(fromMillis(toMillis(momentOf(from)) - 1)))

      return handlers
        .handleRaw("send", send(messages, admission, phoneNumber))
        .handle("list", ({ query }) =>
          Effect.gen(function* () {
            const after = query.after === undefined ? undefined : positionOf(epoch, query.after)
            if (query.after !== undefined && after === undefined) {
              return yield* flawed("/after", "the `next` of an earlier page")
            }
            if (query.device !== undefined && !isDeviceId(query.device)) {
              return yield* flawed("/device", "the id of a device") // an empty list would say that it has sent nothing
            }
            const { device, limit = pageSizes.default, status } = query
            const behind = query.from === undefined ? undefined : yield* placeBefore(query.from)
            const upTo = query.to === undefined ? undefined : yield* orProblem(placeOf(momentOf(query.to)))
            const principal = yield* CurrentPrincipal
            const whose = readBy(principal)
            const page = yield* orProblem(
              messages.list({ whose, status, device, after: firstOf(after, upTo), behind, limit })
            )
            const mayRead = may(principal, "messages:read")
            return {
              items: page.items.map((item) => messageJson(item, mayRead)),
              next: page.next === undefined ? null : cursorOf(epoch, page.next)
            }
          })
        )
        .handle("get", ({ params: { id }, query: { at } }) =>
          Effect.gen(function* () {
            const principal = yield* CurrentPrincipal
            const upTo = at === undefined ? undefined : yield* orProblem(placeOf(momentOf(at)))
            const found = isMessageId(id) ? yield* orProblem(messages.find(readBy(principal), id, upTo)) : undefined
            if (found === undefined) return yield* refuse("message_not_found")
            return messageJson(found, may(principal, "messages:read"))
          })
        )
        .handle("events", ({ params: { id } }) =>
          Effect.gen(function* () {
            const whose = readBy(yield* CurrentPrincipal)
            const history = isMessageId(id) ? yield* orProblem(messages.history(whose, id)) : []
            if (history.length === 0) return yield* refuse("message_not_found")
            return historyJson(id, history, known().state.agents, fromMillis(yield* Clock.currentTimeMillis))
          })
        )
    })
  )
