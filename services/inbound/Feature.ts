import { Effect, Layer } from "effect"
import { Registrations } from "../views/Registrations.ts"
import * as FactRows from "./FactRows.ts"
import * as Inbound from "./Inbound.ts"
import * as InboundHttp from "./InboundHttp.ts"

/** What registers itself, to be written as rows. */
export const projections = Layer.effectDiscard(
  Effect.map(Registrations, ({ register }) => register({ rows: FactRows.view }))
)

export const layer = Layer.provideMerge(InboundHttp.layer, Inbound.layer)
