import type { ServerResponse } from "node:http"
import { toServerResponse } from "@effect/platform-node/NodeHttpServerRequest"
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { Api } from "../api/Api.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import * as Filter from "../events/Filter.ts"
import { Admission } from "../http/Admission.ts"
import { refuse } from "../http/Answer.ts"
import { orProblem } from "../http/Foreseen.ts"
import { requestMillis, within } from "../http/Patience.ts"
import * as EventStream from "./EventStream.ts"
import { ConnectionsFull, Live } from "./Live.ts"

const headers = { "cache-control": "no-store", "x-accel-buffering": "no" }

/** `GET /v1/live`. The answer goes on until somebody ends it; what asks for it is admitted as any other request. */
export const layer = HttpApiBuilder.group(
  Api,
  "live",
  Effect.fnUntraced(function* (handlers) {
    const admission = yield* Admission
    const live = yield* Live
    const understand = yield* Filter.make
    const scope = yield* Effect.scope
    const inTime = within(requestMillis, refuse("store_unavailable"))

    return handlers.handleRaw("stream", ({ headers: { "last-event-id": last }, query, request }) =>
      Effect.gen(function* () {
        const principal = yield* CurrentPrincipal
        const limited = yield* inTime(admission.admit(request, principal, "messages"))
        if (limited !== undefined) return yield* orProblem(Effect.fail(limited))
        const filter = {
          ...query,
          after: last ?? query.after,
          types: query.types?.split(","),
          presence: query.presence === "true"
        }
        const wanted = yield* inTime(understand(principal, filter, "query"))
        const response = toServerResponse(request) as ServerResponse
        const seat = live.sit(principal)
        if (seat === undefined) return yield* orProblem(Effect.fail(new ConnectionsFull({ retryAfterSeconds: 5 })))
        const outlet = EventStream.make(response)
        yield* Effect.forkIn(Effect.ensuring(seat.follow(wanted, outlet), Effect.sync(seat.leave)), scope)
        return HttpServerResponse.raw(outlet.body, { contentType: "text/event-stream", headers })
      })
    )
  })
)
