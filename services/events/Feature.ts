import { Layer } from "effect"
import * as EventsHttp from "./EventsHttp.ts"
import * as Feed from "./Feed.ts"
import * as PublicEvents from "./PublicEvents.ts"

/** What happened, for whoever is told of it. */
export const layer = EventsHttp.layer.pipe(
  Layer.provideMerge(Feed.layer({ mostWaiting: 500 })),
  Layer.provideMerge(PublicEvents.layer)
)
