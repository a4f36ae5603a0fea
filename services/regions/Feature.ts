import { Effect, Layer } from "effect"
import { RegionFeeds } from "#domain/ports/RegionFeeds.ts"
import { Registrations } from "../views/Registrations.ts"
import * as ConversationRows from "./ConversationRows.ts"
import * as ConversationsHttp from "./ConversationsHttp.ts"
import * as Taking from "./Taking.ts"

/** What registers itself, to be written as rows: at home alone, since it is a row more for everything that happens. */
export const projections = Layer.effectDiscard(
  Effect.gen(function* () {
    if ((yield* RegionFeeds) === undefined) return
    const { register } = yield* Registrations
    register({ rows: ConversationRows.view })
  })
)

const taking = Layer.effectDiscard(
  Effect.gen(function* () {
    const feeds = yield* RegionFeeds
    if (feeds !== undefined) yield* Effect.forkScoped(Taking.run(feeds))
  })
)

/** What other regions told, in one conversation with what is heard here. */
export const layer = Layer.merge(ConversationsHttp.layer, taking)
