import * as Inbound from "./Inbound.ts"

export const layer = Inbound.layer
