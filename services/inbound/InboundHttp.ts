import { Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { DeviceId, InboundId } from "#domain/Ids.ts"
import { Inbound } from "#domain/inbound/Inbound.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Api } from "../api/Api.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { pageSizes } from "../api/MessagesApi.ts"
import { hears, mayUse } from "../api/Principal.ts"
import { refuse } from "../http/Answer.ts"
import { cursorOf, positionOf } from "../http/Cursor.ts"
import { orProblem } from "../http/Foreseen.ts"
import { posting } from "../http/Posting.ts"
import { Identity } from "../identity/Identity.ts"
import { Personal } from "../privacy/Personal.ts"
import { ViewsUnavailable } from "../views/Views.ts"
import { evolve, present, type SealedFact } from "./FactDocument.ts"
import * as FactRows from "./FactRows.ts"
import { Readings } from "./Readings.ts"

const flawed = (pointer: string, expected: string) =>
  refuse("invalid_request", { errors: [{ in: "query", pointer, expected }] })

const isDeviceId = Schema.is(DeviceId)
const isInboundId = Schema.is(InboundId)
const { read } = Api.groups.inbound.endpoints

export const layer = HttpApiBuilder.group(
  Api,
  "inbound",
  Effect.fnUntraced(function* (handlers) {
    const { epoch } = yield* Identity
    const personal = yield* Personal
    const readings = yield* Readings
    const rows = yield* FactRows.make
    const store = yield* EventStore

    const folded = Effect.fnUntraced(function* (id: InboundId) {
      const events = yield* store.read(Inbound.streamOf(id))
      return events.reduce<SealedFact | undefined>((before, event) => evolve(id, before, event), undefined)
    })
    const find = Effect.fnUntraced(function* (id: InboundId) {
      const fact = yield* folded(id)
      return fact && (yield* present(personal, fact))
    })

    const list = Effect.fnUntraced(function* ({ limit, ...asked }: FactRows.Asked) {
      const found = yield* Effect.mapError(
        rows.list({ ...asked, limit: limit + 1 }),
        (cause) => new ViewsUnavailable({ cause })
      )
      const page = found.slice(0, limit)
      const items = yield* Effect.forEach(
        page,
        Effect.fnUntraced(function* ({ fact: row, id }) {
          // a row may have been changed: whoever may not read all is shown what the log says
          const shown = asked.heardBy === undefined ? row : undefined
          const fact = shown ?? (isInboundId(id) ? yield* folded(id) : undefined)
          if (fact === undefined || asked.heardBy?.has(fact.received.source.device) === false) return []
          return [yield* present(personal, fact)]
        })
      )
      const last = found.length > limit ? page.at(-1) : undefined
      return { items: items.flat(), next: last === undefined ? null : cursorOf(epoch, last.position) }
    })

    return handlers
      .handle("list", ({ query: { limit = pageSizes.default, ...query } }) =>
        Effect.gen(function* () {
          const after = query.after === undefined ? undefined : positionOf(epoch, query.after)
          if (query.after !== undefined && after === undefined)
            return yield* flawed("/after", "the `next` of an earlier page")
          if (query.device !== undefined && !isDeviceId(query.device)) return yield* flawed("/device", "a device's id")
          const heardBy = hears(yield* CurrentPrincipal)
          return yield* orProblem(list({ device: query.device, heardBy, after, limit }))
        })
      )
      .handleRaw(
        "read",
        posting(
          read,
          Effect.fnUntraced(function* ({ params: { id } }) {
            const principal = yield* CurrentPrincipal
            const ofOne = (device: DeviceId) => mayUse(principal, device)
            const fact = isInboundId(id) ? yield* readings.ask(principal, id, ofOne) : undefined
            if (fact?.reading === undefined) return yield* refuse("inbound_not_found")
            const { reading, received } = fact
            return {
              status: reading.markedAt === undefined ? 202 : 200,
              body: { id, device: received.source.device, reading }
            }
          })
        )
      )
      .handle("get", ({ params: { id } }) =>
        Effect.gen(function* () {
          const found = isInboundId(id) ? yield* orProblem(find(id)) : undefined
          const heardBy = hears(yield* CurrentPrincipal)
          if (found === undefined || heardBy?.has(found.device as DeviceId) === false)
            return yield* refuse("inbound_not_found")
          return found
        })
      )
  })
)
