import { Layer } from "effect"
import * as EventsHttp from "./EventsHttp.ts"
import * as Feed from "./Feed.ts"
import * as MetaFactsHttp from "./MetaFactsHttp.ts"
import * as PublicEvents from "./PublicEvents.ts"

/** What happened, for whoever is told of it. */
export const layer = Layer.mergeAll(EventsHttp.layer, MetaFactsHttp.layer).pipe(
  Layer.provideMerge(Feed.layer({ mostWaiting: 500 })),
  Layer.provideMerge(PublicEvents.layer)
)
