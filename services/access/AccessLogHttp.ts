import { Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { ClientId } from "#domain/Ids.ts"
import { accessPageSizes } from "../api/AccessLogApi.ts"
import { Api } from "../api/Api.ts"
import { refuse } from "../http/Answer.ts"
import { cursorOf, positionOf } from "../http/Cursor.ts"
import { orProblem } from "../http/Foreseen.ts"
import { Identity } from "../identity/Identity.ts"
import { readable } from "../views/Views.ts"
import * as AccessLogRows from "./AccessLogRows.ts"

const isClientId = Schema.is(ClientId)

const flawed = (pointer: string, expected: string) =>
  refuse("invalid_request", { errors: [{ in: "query", pointer, expected }] })

const shown = ({ at, client, count, id, key, keys, kind, login, reason, since, type }: AccessLogRows.Row) => ({
  id,
  at,
  type,
  ...(client !== null && { client }),
  keys,
  ...(key !== null && { by: key }),
  ...(login !== null && { session: login }),
  ...(kind !== null && { of: kind }),
  count,
  ...(since !== null && { since }),
  ...(reason !== null && { reason })
})

export const layer = HttpApiBuilder.group(
  Api,
  "accessLog",
  Effect.fnUntraced(function* (handlers) {
    const { epoch } = yield* Identity
    const rows = yield* AccessLogRows.make

    return handlers.handle("list", ({ query: { after, client, limit = accessPageSizes.default } }) =>
      Effect.gen(function* () {
        const before = after === undefined ? undefined : positionOf(epoch, after)
        if (after !== undefined && before === undefined) return yield* flawed("/after", "the `next` of an earlier page")
        if (client !== undefined && !isClientId(client)) return yield* flawed("/client", "a client's id")
        const found = yield* orProblem(readable(rows.list({ before, client, limit: limit + 1 })))
        const page = found.slice(0, limit)
        const last = found.length > limit ? page.at(-1) : undefined
        return { items: page.map(shown), next: last === undefined ? null : cursorOf(epoch, last.position) }
      })
    )
  })
)
