import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import type { JsonObject } from "#domain/Json.ts"
import { readObject } from "#domain/meta/MetaJson.ts"
import { noRoutes } from "#domain/meta/Routing.ts"
import { Api } from "../api/Api.ts"
import { defaults } from "../api/TargetsApi.ts"
import { refuse } from "../http/Answer.ts"
import { bytesBody } from "../http/Body.ts"
import { orProblem } from "../http/Foreseen.ts"
import { posting } from "../http/Posting.ts"
import { anybody, teller } from "./Manager.ts"
import { RouteTables } from "./RouteTables.ts"

const { explain, set } = Api.groups.routes.endpoints

/** Read as Meta's door reads it. */
const requestOfMeta = (request: Parameters<typeof bytesBody>[0]) =>
  Effect.flatMap(bytesBody(request), (bytes) => {
    const payload = readObject(bytes)
    return payload === undefined
      ? refuse("bad_request", { detail: "The body is not a JSON object, or is nested too deeply." })
      : Effect.succeed(payload)
  })

export const layer = HttpApiBuilder.group(
  Api,
  "routes",
  Effect.fnUntraced(function* (handlers) {
    const tables = yield* RouteTables

    return handlers
      .handle("get", ({ query: { app = defaults.app } }) => Effect.andThen(anybody, orProblem(tables.find(app))))
      .handleRaw(
        "set",
        posting(
          set,
          Effect.fnUntraced(function* ({ payload, query: { app = defaults.app } }) {
            const { version, ...routes } = payload
            return { body: yield* tables.set(yield* teller, app, { ...noRoutes, ...routes }, version) }
          })
        )
      )
      .handleRaw(
        "explain",
        posting(
          explain,
          Effect.fnUntraced(function* ({ payload, query: { app = defaults.app } }) {
            yield* anybody
            return { body: yield* tables.explain(app, payload as JsonObject) }
          }),
          undefined,
          requestOfMeta
        )
      )
  })
)
