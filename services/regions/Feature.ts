import { Effect, Layer, Schema } from "effect"
import { RegionFeeds } from "#domain/ports/RegionFeeds.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { Registrations } from "../views/Registrations.ts"
import * as AskingHome from "./AskingHome.ts"
import * as ConversationRows from "./ConversationRows.ts"
import * as ConversationsHttp from "./ConversationsHttp.ts"
import type { RegionsSettings } from "./Settings.ts"
import * as Taking from "./Taking.ts"

/** What registers itself, to be written as rows: at home alone, since it is a row more for everything that happens. */
export const projections = Layer.effectDiscard(
  Effect.gen(function* () {
    if ((yield* RegionFeeds) === undefined) return
    const { register } = yield* Registrations
    register({ rows: ConversationRows.view })
  })
)

/** Who tells what would be told of itself. */
export class RegionIsHome extends Schema.TaggedError<RegionIsHome>()("RegionIsHome", { region: Schema.String }) {
  override get message() {
    return (
      `REGIONS names ${this.region}, which is this gateway's own REGION: what it hears itself it has. ` +
      "Unset it there, or set REGION to a name of its own"
    )
  }
}

const taking = Layer.effectDiscard(
  Effect.gen(function* () {
    const feeds = yield* RegionFeeds
    if (feeds === undefined) return
    const { region: own } = yield* Provenance
    if (feeds.some(({ region }) => region === own)) return yield* new RegionIsHome({ region: own })
    yield* Effect.forkScoped(Taking.run(feeds))
  })
)

/** What other regions told, in one conversation with what is heard here. */
export const layer = (settings?: RegionsSettings) =>
  Layer.merge(Layer.provide(ConversationsHttp.layer, AskingHome.layer(settings)), taking)
