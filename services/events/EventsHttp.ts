import { Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { DeviceId } from "#domain/Ids.ts"
import { Api } from "../api/Api.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { eventPageSizes } from "../api/EventsApi.ts"
import { may } from "../api/Principal.ts"
import { type PublicType, publicTypeNames } from "../api/PublicTypes.ts"
import { Admission } from "../http/Admission.ts"
import { refuse } from "../http/Answer.ts"
import { cursorOf, positionOf } from "../http/Cursor.ts"
import { orProblem } from "../http/Foreseen.ts"
import { requestMillis, within } from "../http/Patience.ts"
import { Identity } from "../identity/Identity.ts"
import { Feed } from "./Feed.ts"

const isDeviceId = Schema.is(DeviceId)
const isPublicType = Schema.is(Schema.Literals(publicTypeNames))

const unlike = (pointer: string, expected: string) =>
  refuse("invalid_request", { errors: [{ in: "query", pointer, expected }] })

/** The types that were named; one that there is not would otherwise be waited for in vain. */
const typesIn = (asked: string | undefined) => {
  if (asked === undefined) return Effect.succeed(undefined)
  const types = asked.split(",")
  return types.every(isPublicType)
    ? Effect.succeed(new Set<PublicType>(types))
    : unlike("/types", `some of ${publicTypeNames.join(", ")}, separated by commas`)
}

export const layer = HttpApiBuilder.group(
  Api,
  "events",
  Effect.fnUntraced(function* (handlers) {
    const admission = yield* Admission
    const feed = yield* Feed
    const { epoch } = yield* Identity

    return handlers.handle("list", ({ query, request }) =>
      Effect.gen(function* () {
        const principal = yield* CurrentPrincipal
        const limited = yield* admission.admit(request, principal, "messages")
        if (limited !== undefined) return yield* orProblem(Effect.fail(limited))
        const after = query.after === undefined ? undefined : positionOf(epoch, query.after)
        if (query.after !== undefined && after === undefined) return yield* unlike("/after", "a `next` or a `cursor`")
        const { device, limit = eventPageSizes.default, waitMs = 0 } = query
        if (device !== undefined && !isDeviceId(device)) return yield* unlike("/device", "a device's id")
        const types = yield* typesIn(query.types)
        const personal = may(principal, "messages:read:all")
        const seen = personal || principal.devices === "all" ? undefined : principal.devices
        const inTime = within(waitMs + requestMillis, refuse("store_unavailable"))
        const read = inTime(orProblem(feed.read({ after, types, device, seen, limit, waitMs, personal })))
        const { hasMore: more, items, upTo } = yield* read
        return { items, next: upTo === undefined ? null : cursorOf(epoch, upTo), more }
      })
    )
  })
)
