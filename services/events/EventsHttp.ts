import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Authenticator } from "../access/Authenticator.ts"
import { Api } from "../api/Api.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { eventPageSizes } from "../api/EventsApi.ts"
import { Admission } from "../http/Admission.ts"
import { refuse } from "../http/Answer.ts"
import { cursorOf } from "../http/Cursor.ts"
import { orProblem } from "../http/Foreseen.ts"
import { requestMillis, within } from "../http/Patience.ts"
import { Identity } from "../identity/Identity.ts"
import { Feed } from "./Feed.ts"
import * as Filter from "./Filter.ts"

export const layer = HttpApiBuilder.group(
  Api,
  "events",
  Effect.fnUntraced(function* (handlers) {
    const { standing } = yield* Authenticator
    const admission = yield* Admission
    const feed = yield* Feed
    const { epoch } = yield* Identity
    const understand = yield* Filter.make

    return handlers.handle("list", ({ query, request }) =>
      Effect.gen(function* () {
        const principal = yield* CurrentPrincipal
        const limited = yield* admission.admit(request, principal, "messages")
        if (limited !== undefined) return yield* orProblem(Effect.fail(limited))
        const { limit = eventPageSizes.default, waitMs = 0 } = query
        const inTime = within(waitMs + requestMillis, refuse("store_unavailable"))
        const wanted = yield* inTime(understand(principal, { ...query, types: query.types?.split(",") }, "query"))
        const read = inTime(orProblem(feed.read({ ...wanted, limit, waitMs })))
        const { hasMore: more, items, upTo } = yield* read
        const found = standing(principal) // it may have waited for long
        if (found === "over") return yield* refuse("unauthorized")
        if (found === "changed") return { items: [], next: query.after ?? null, more: true }
        return { items, next: upTo === undefined ? null : cursorOf(epoch, upTo), more }
      })
    )
  })
)
