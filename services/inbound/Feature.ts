import { Effect, Layer } from "effect"
import { Registrations } from "../views/Registrations.ts"
import * as FactRows from "./FactRows.ts"
import * as Inbound from "./Inbound.ts"
import * as InboundActors from "./InboundActors.ts"
import * as InboundHttp from "./InboundHttp.ts"
import * as Presences from "./Presences.ts"
import * as Readings from "./Readings.ts"

/** What registers itself, to be written as rows. */
export const projections = Layer.effectDiscard(
  Effect.map(Registrations, ({ register }) => register({ rows: FactRows.view }))
)

export const layer = (options: Inbound.Options = { marksAsRead: false }) =>
  InboundHttp.layer.pipe(
    Layer.provideMerge([Inbound.layer(options), Presences.layer]),
    Layer.provideMerge(Readings.layer),
    Layer.provide(InboundActors.layer)
  )
