import { Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { InboundId } from "#domain/Ids.ts"
import { MetaFact } from "#domain/meta/MetaFact.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Api } from "../api/Api.ts"
import type { PublicData } from "../api/PublicTypes.ts"
import { refuse } from "../http/Answer.ts"
import { orProblem } from "../http/Foreseen.ts"
import { PublicEvents } from "./PublicEvents.ts"

const isFactId = Schema.is(InboundId)

export const layer = HttpApiBuilder.group(
  Api,
  "metaFacts",
  Effect.fnUntraced(function* (handlers) {
    const events = yield* PublicEvents
    const store = yield* EventStore

    const find = Effect.fnUntraced(function* (id: InboundId) {
      const [recorded] = yield* store.read(MetaFact.streamOf(id))
      return recorded && (yield* events.tell(recorded, { personal: true }))
    })

    return handlers.handle("get", ({ params: { id } }) =>
      Effect.gen(function* () {
        const told = isFactId(id) ? yield* orProblem(find(id)) : undefined
        if (told === undefined) return yield* refuse("inbound_not_found")
        return told.data as object as PublicData["homing.meta.other.v1"]
      })
    )
  })
)
