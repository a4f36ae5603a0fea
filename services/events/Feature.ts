import * as PublicEvents from "./PublicEvents.ts"

/** What happened, for whoever is told of it. */
export const layer = PublicEvents.layer
